//! One sort for all that a module sorts, since the standard library's is compiled again for each kind of element, into several
//! kilobytes each time.
//!
//! It is told what to compare and what to swap by position, so that little of it knows the elements. That is slower, and meant
//! for configurations, and for what in a request may be out of order.

#![forbid(unsafe_code)]

use std::cmp::Ordering;

/// Sorts elements in ascending order; equal ones stay in theirs.
pub fn sort<T>(elements: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    if elements.is_sorted_by(|one, other| compare(one, other).is_le()) {
        return;
    }
    let order = positions(elements.len(), &|one, other| match (elements.get(one), elements.get(other)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    });
    arrange(&order, &mut |one, other| elements.swap(one, other));
}

/// The text that is there twice, if one is.
pub fn twice<'a>(texts: impl Iterator<Item = &'a [u8]>) -> Option<&'a [u8]> {
    let mut texts: Vec<_> = texts.collect();
    sort(&mut texts, Ord::cmp);
    texts.array_windows().find(|[one, other]| one == other).map(|[one, _]| *one)
}

/// The positions of so many elements in ascending order.
///
/// Runs are merged pairwise, each twice as long as those before, which takes n·log n comparisons whatever the order.
fn positions(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut sorted: Vec<usize> = (0..count).collect();
    let mut merged = Vec::with_capacity(count);
    let mut run = 1;
    while run < count {
        for pair in sorted.chunks(run * 2) {
            let (mut left, mut right) = pair.split_at_checked(run).unwrap_or((pair, &[]));
            while let ([one, rest_of_left @ ..], [other, rest_of_right @ ..]) = (left, right) {
                if compare(*other, *one).is_lt() {
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

/// Brings elements to their places, each with one swap at most.
fn arrange(order: &[usize], swap: &mut dyn FnMut(usize, usize)) {
    let mut places = vec![0; order.len()];
    for (place, position) in order.iter().enumerate() {
        if let Some(at) = places.get_mut(*position) {
            *at = place;
        }
    }
    for position in 0..places.len() {
        while let Some(place) = places.get(position).copied().filter(|place| *place != position) {
            swap(position, place);
            places.swap(position, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn equal_elements_stay_in_their_order() {
        let mut pairs = vec![(2, 'a'), (1, 'b'), (2, 'c'), (0, 'd'), (1, 'e'), (2, 'f'), (0, 'g')];
        sort(&mut pairs, |one, other| one.0.cmp(&other.0));
        assert_eq!(pairs, [(0, 'd'), (0, 'g'), (1, 'b'), (1, 'e'), (2, 'a'), (2, 'c'), (2, 'f')]);
    }

    #[test]
    fn any_number_of_elements_is_sorted() {
        for count in 0..70_u32 {
            let mut numbers: Vec<u32> = (0..count).map(|number| number.wrapping_mul(0x9e37_79b9) % 50).collect();
            let mut expected = numbers.clone();
            expected.sort();
            sort(&mut numbers, Ord::cmp);
            assert_eq!(numbers, expected);
        }
    }

    #[test]
    fn a_text_that_is_there_twice_is_found() {
        assert_eq!(twice([&b"a"[..], b"b", b"a"].into_iter()), Some(&b"a"[..]));
        assert_eq!(twice([&b"a"[..], b"b"].into_iter()), None);
    }
}
