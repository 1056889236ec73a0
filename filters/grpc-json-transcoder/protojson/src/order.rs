//! Orders. Everything that is sorted here is sorted as a number or as bytes, because each kind of element that is sorted in a
//! module brings a sort of its own, of several kilobytes.

/// The positions of numbers in ascending order; equal ones stay in their order.
pub(crate) fn by_number(numbers: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut keyed: Vec<u64> = numbers.zip(0..).map(|(number, position)| u64::from(number) << 32 | position).collect();
    sort(&mut keyed);
    keyed.into_iter().map(|keyed| keyed as u32).collect()
}

/// The elements in the order of a number that each has; equal ones stay in their order.
pub(crate) fn sorted<T: Copy>(elements: Vec<T>, number: impl Fn(&T) -> u32) -> Vec<T> {
    if elements.is_sorted_by_key(&number) {
        return elements;
    }
    let order = by_number(elements.iter().map(number));
    order.into_iter().filter_map(|position| elements.get(position as usize).copied()).collect()
}

/// Brings texts with their numbers in ascending order.
#[inline(never)]
pub(crate) fn by_text(texts: &mut [(&[u8], u32)]) {
    texts.sort_unstable();
}

#[inline(never)]
fn sort(numbers: &mut [u64]) {
    numbers.sort_unstable();
}

/// A text that is there twice.
pub(crate) fn twice<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let mut texts: Vec<(&[u8], u32)> = texts.map(|text| (text, 0)).collect();
    by_text(&mut texts);
    texts.array_windows().find(|[one, other]| one == other).map(|[one, _]| one.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn equal_numbers_stay_in_their_order() {
        assert_eq!(by_number([3, 1, u32::MAX, 1, 0].into_iter()), [4, 1, 3, 0, 2]);
        assert_eq!(sorted(vec![(2, 'a'), (1, 'b'), (2, 'c')], |pair| pair.0), [(1, 'b'), (2, 'a'), (2, 'c')]);
    }

    #[test]
    fn a_text_that_is_there_twice_is_found() {
        assert_eq!(twice([&b"a"[..], b"b", b"a"].into_iter()), Some(&b"a"[..]));
        assert_eq!(twice([&b"a"[..], b"b"].into_iter()), None);
    }
}
