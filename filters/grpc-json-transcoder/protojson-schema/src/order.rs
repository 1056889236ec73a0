//! Orders. All of a module's sorting is done by one function, since each kind of element that the standard library sorts brings
//! a sort of its own, of several kilobytes.

use std::cmp::Ordering;

/// The positions of so many elements in ascending order; equal ones stay in theirs.
///
/// Runs are merged pairwise, each twice as long as those before, which takes n·log n comparisons whatever the order.
pub fn positions(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<u32> {
    let mut sorted: Vec<u32> = (0..count as u32).collect();
    let mut merged = Vec::with_capacity(count);
    let mut run = 1;
    while run < count {
        for pair in sorted.chunks(run * 2) {
            let (mut left, mut right) = pair.split_at_checked(run).unwrap_or((pair, &[]));
            while let (Some((one, rest_of_left)), Some((other, rest_of_right))) =
                (left.split_first(), right.split_first())
            {
                if compare(*other as usize, *one as usize).is_lt() {
                    merged.push(*other);
                    right = rest_of_right;
                } else {
                    merged.push(*one);
                    left = rest_of_left;
                }
            }
            merged.extend_from_slice(left);
            merged.extend_from_slice(right);
        }
        std::mem::swap(&mut sorted, &mut merged);
        merged.clear();
        run *= 2;
    }
    sorted
}

/// The elements in ascending order; equal ones stay in theirs.
pub fn sorted<T: Clone>(elements: Vec<T>, compare: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    if elements.is_sorted_by(|one, other| compare(one, other).is_le()) {
        return elements;
    }
    let of = |position: usize| elements.get(position);
    let order = positions(elements.len(), &|one, other| match (of(one), of(other)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    });
    order.into_iter().filter_map(|position| of(position as usize).cloned()).collect()
}

/// The element that is there twice, if one is.
pub fn twice<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let texts = sorted(texts.collect(), Ord::cmp);
    texts.array_windows().find(|[one, other]| one == other).map(|[one, _]| *one)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn equal_elements_stay_in_their_order() {
        let pairs = vec![(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e'), (2, 'f'), (0, 'g')];
        let sorted = sorted(pairs, |one, other| one.0.cmp(&other.0));
        assert_eq!(sorted, [(0, 'd'), (0, 'g'), (1, 'b'), (1, 'e'), (2, 'a'), (2, 'c'), (2, 'f')]);
    }

    #[test]
    fn any_number_of_elements_is_sorted() {
        for count in 0..70_u32 {
            let numbers: Vec<u32> = (0..count).map(|number| number.wrapping_mul(0x9e37_79b9) % 50).collect();
            let mut expected = numbers.clone();
            expected.sort();
            assert_eq!(sorted(numbers, Ord::cmp), expected);
        }
    }

    #[test]
    fn a_text_that_is_there_twice_is_found() {
        assert_eq!(twice([&b"a"[..], b"b", b"a"].into_iter()), Some(&b"a"[..]));
        assert_eq!(twice([&b"a"[..], b"b"].into_iter()), None);
    }
}
