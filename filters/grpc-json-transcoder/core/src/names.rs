//! Names that a configuration gives, each with a number.
//!
//! They are put in order as they come, which is done at configuration time; a client can only ask.

/// Numbers by name.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// In ascending order of the names.
    entries: Vec<(Vec<u8>, u32)>,
}

impl Names {
    fn position(&self, name: &[u8]) -> Result<usize, usize> {
        self.entries.binary_search_by(|(other, _)| other.as_slice().cmp(name))
    }

    /// The number of a name.
    pub fn get(&self, name: &[u8]) -> Option<u32> {
        let position = self.position(name).ok()?;
        self.entries.get(position).map(|(_, number)| *number)
    }

    /// The number of a name, which is the next one where the name is new.
    pub fn number(&mut self, name: &[u8]) -> u32 {
        let next = self.entries.len() as u32;
        match self.position(name) {
            Ok(_) => self.get(name).unwrap_or(next),
            Err(position) => {
                self.entries.insert(position, (name.to_vec(), next));
                next
            }
        }
    }

    /// All of them in ascending order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u32)> {
        self.entries.iter().map(|(name, number)| (name.as_slice(), *number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn names_are_numbered_as_they_come_and_listed_in_order() {
        let mut names = Names::default();
        assert_eq!(["POST", "GET", "PUT", "GET"].map(|name| names.number(name.as_bytes())), [0, 1, 2, 1]);
        assert_eq!(names.get(b"PUT"), Some(2));
        assert_eq!(names.get(b"get"), None);
        assert_eq!(names.iter().collect::<Vec<_>>(), [(&b"GET"[..], 1), (b"POST", 0), (b"PUT", 2)]);
    }
}
