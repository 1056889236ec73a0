//! What holds of every split: percentages that grow only add users, experiments do not lean on each other, buckets are
//! even, and nothing that is sent panics. The samples are counted off, not drawn, so that a verdict is the same at
//! every run.

use super::bucketing::Bucketing;
use super::hash::Hash;
use super::layer::Layers;
use super::visit::Visit;
use super::{NewCookies, Split};
use crate::percent::{Percent, WHOLE};
use crate::subject::Subjects;
use proptest::prelude::*;
use std::num::NonZeroU32;

/// As many units as in a sample.
const UNITS: u32 = 100_000;

/// Two kinds of identifiers: numbered accounts, and what looks like a UUID without dashes.
const KINDS: [fn(u32) -> String; 2] = [
    |number| format!("user-{number:06}"),
    |number| {
        let mixed = |number: u64| trace_context::mix(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        format!("{:016x}{:016x}", mixed(u64::from(number) + 1), mixed(!u64::from(number)))
    },
];

/// Pearson's statistic of counts that should be equal.
fn chi_square(counts: &[u32]) -> f64 {
    let expected = f64::from(counts.iter().sum::<u32>()) / counts.len() as f64;
    counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum()
}

/// What the statistic of that many counts is above once in about 30,000 samples that are truly even: the normal
/// approximation, four standard deviations above the mean.
fn chi_square_limit(counts: usize) -> f64 {
    let freedom = counts as f64 - 1.0;
    freedom + 4.0 * (2.0 * freedom).sqrt()
}

#[test]
fn every_hash_fills_the_buckets_of_its_origin_evenly() {
    for (name, hash) in Hash::NAMES {
        for unit in KINDS {
            let mut counts = vec![0; 100];
            for number in 0..UNITS {
                counts[hash.bucket(b"", unit(number).as_bytes(), NonZeroU32::new(100).unwrap()) as usize] += 1;
            }
            let (found, limit) = (chi_square(&counts), chi_square_limit(counts.len()));
            assert!(found < limit, "{name} {}: {found} is above {limit}", unit(0));
        }
    }
}

#[test]
fn seeded_hashes_fill_ten_thousand_buckets_evenly() {
    for (name, hash) in Hash::SEEDED {
        for unit in KINDS {
            let bucketing = Bucketing::new(hash, b"exp-42".to_vec());
            let mut counts = vec![0; WHOLE as usize];
            for number in 0..UNITS {
                counts[bucketing.basis_points(unit(number).as_bytes()) as usize] += 1;
            }
            let (found, limit) = (chi_square(&counts), chi_square_limit(counts.len()));
            assert!(found < limit, "{name} {}: {found} is above {limit}", unit(0));
        }
    }
}

/// The statistic of a hundred fields: the tenth that a unit is in by one seed, and the one by another.
fn dependence(hash: Hash, seeds: [&str; 2], unit: fn(u32) -> String) -> f64 {
    let [one, other] = seeds.map(|seed| Bucketing::new(hash, seed.as_bytes().to_vec()));
    let mut counts = vec![0; 100];
    for number in 0..UNITS {
        let unit = unit(number);
        let [one, other] = [&one, &other].map(|bucketing| bucketing.basis_points(unit.as_bytes()) / 1000);
        counts[(one * 10 + other) as usize] += 1;
    }
    chi_square(&counts)
}

#[test]
fn experiments_with_different_seeds_are_independent() {
    let limit = chi_square_limit(100);
    for (name, hash) in Hash::SEEDED {
        for unit in KINDS {
            for seeds in [["exp-42", "exp-43"], ["exp-42", "checkout"], ["a", "b"], ["shop", "shop\0holdout"]] {
                let found = dependence(hash, seeds, unit);
                assert!(found < limit, "{name} {seeds:?} {}: {found} is above {limit}", unit(0));
            }
        }
    }
}

/// Why a seed is refused with them.
#[test]
fn seeds_would_not_make_experiments_of_the_other_hashes_independent() {
    let limit = chi_square_limit(100);
    for (name, hash) in Hash::NAMES.into_iter().filter(|(_, hash)| !hash.is_seeded()) {
        let found = dependence(hash, ["exp-42", "checkout"], KINDS[0]);
        assert!(found > 4.0 * limit, "{name}: {found}");
    }
}

/// Weights of up to six values with a sum of a hundred percent.
fn weights() -> impl Strategy<Value = Vec<u32>> {
    prop::collection::vec(0..=WHOLE, 0..5).prop_map(|mut cuts| {
        cuts.extend([0, WHOLE]);
        cuts.sort_unstable();
        cuts.windows(2).map(|pair| pair[1] - pair[0]).collect()
    })
}

/// Ranges apart from each other, not all of them next to each other.
fn ranges() -> impl Strategy<Value = Vec<[u32; 2]>> {
    prop::collection::vec(0..=WHOLE, 2..12).prop_map(|mut cuts| {
        cuts.sort_unstable();
        cuts.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
    })
}

/// What weights or ranges make of every bucket: the number that is its value's name.
fn values(form: &str) -> Vec<Option<usize>> {
    let json = format!(r#"{{"seed": "s", "unit": [{{"ip": {{}}}}], {form}}}"#);
    let reader = strict_config::read(json.as_bytes()).unwrap();
    let split = Split::read(&reader, reader.root(), &mut Subjects::default(), &mut Layers::default());
    assert_eq!(reader.into_problems().to_string(), "", "{json}");
    let split = split.unwrap();
    let name = |value: &[u8]| std::str::from_utf8(value).unwrap().parse().unwrap();
    (0..WHOLE).map(|bucket| split.ranges.find(bucket).map(name)).collect()
}

fn by_weights(weights: &[u32]) -> Vec<Option<usize>> {
    let weights = weights.iter().enumerate().map(|(name, weight)| format!(r#"{{"{name}": {}}}"#, Percent(*weight)));
    values(&format!(r#""weights": [{}]"#, weights.collect::<Vec<_>>().join(", ")))
}

fn by_ranges(ranges: &[[u32; 2]]) -> Vec<Option<usize>> {
    let range = |(name, [from, to]): (usize, &[u32; 2])| format!(r#""{name}": [{}, {}]"#, Percent(*from), Percent(*to));
    values(&format!(r#""ranges": {{{}}}"#, ranges.iter().enumerate().map(range).collect::<Vec<_>>().join(", ")))
}

/// A layer, and a split for each share of it.
fn layered(holdout: u32, shares: &[[u32; 2]], subjects: &mut Subjects) -> Vec<Split> {
    let split = |(number, [from, to]): (usize, &[u32; 2])| {
        let share = format!("[{}, {}]", Percent(*from), Percent(*to));
        format!(r#"{{"layer": "shop", "share": {share}, "seed": "exp-{number}", "weights": [{{"gray": 100}}]}}"#)
    };
    let layer =
        format!(r#"{{"shop": {{"seed": "l", "unit": [{{"header": "x-user"}}], "holdout": {}}}}}"#, Percent(holdout));
    let splits: Vec<_> = shares.iter().enumerate().map(split).collect();
    let json = format!("[{layer}, [{}]]", splits.join(", "));
    let reader = strict_config::read(json.as_bytes()).unwrap();
    let [layers, splits] = reader.root().as_array().unwrap() else { unreachable!() };
    let mut layers = Layers::read(&reader, layers, subjects);
    let splits = splits.as_array().unwrap().iter();
    let splits = splits.filter_map(|split| Split::read(&reader, split, subjects, &mut layers)).collect();
    assert_eq!(reader.into_problems().to_string(), "", "{json}");
    splits
}

/// Which of the splits apply to a user.
fn experiments(splits: &[Split], subjects: &Subjects, user: &str) -> Vec<usize> {
    let head: [(&[u8], &[u8]); 1] = [(b"x-user", user.as_bytes())];
    Visit::with(&head).ask(subjects, |request| {
        let mut cookies = NewCookies::new(0);
        (0..splits.len()).filter(|at| splits[*at].choose(request, &mut cookies).is_some()).collect()
    })
}

proptest! {
    #[test]
    fn a_weight_that_grows_keeps_its_users_and_takes_from_later_values_only(
        weights in weights(),
        at in any::<prop::sample::Index>(),
        shares in prop::collection::vec(0..=WHOLE, 6),
    ) {
        let at = at.index(weights.len());
        let mut grown = weights.clone();
        for (later, share) in grown.clone().iter().zip(&shares).skip(at + 1) {
            let taken = later * share / WHOLE;
            grown[at] += taken;
        }
        for (later, share) in (at + 1..weights.len()).zip(shares.iter().skip(at + 1)) {
            grown[later] -= weights[later] * share / WHOLE;
        }
        for (before, after) in by_weights(&weights).into_iter().zip(by_weights(&grown)) {
            let (before, after) = (before.unwrap(), after.unwrap());
            prop_assert!(before > at || after == before, "{weights:?} {grown:?}");
        }
    }

    #[test]
    fn a_range_that_grows_touches_no_other(ranges in ranges(), at in any::<prop::sample::Index>(), room in 0..=WHOLE) {
        let at = at.index(ranges.len());
        let end = ranges.get(at + 1).map_or(WHOLE, |next| next[0]);
        let mut grown = ranges.clone();
        grown[at][1] += (end - ranges[at][1]) * room / WHOLE;
        for (before, after) in by_ranges(&ranges).into_iter().zip(by_ranges(&grown)) {
            prop_assert!(before == after || (before.is_none() && after == Some(at)), "{ranges:?} {grown:?}");
        }
    }

    #[test]
    fn nobody_is_in_two_experiments_of_a_layer(holdout in 0..=WHOLE, shares in ranges(), users in prop::collection::vec(any::<String>(), 40)) {
        let mut subjects = Subjects::default();
        let splits = layered(holdout, &shares, &mut subjects);
        for user in users {
            let found = experiments(&splits, &subjects, &user);
            prop_assert!(found.len() <= 1, "{user} is in {found:?}");
        }
    }

    #[test]
    fn a_holdout_that_grows_only_adds_to_it(holdouts in [0..=WHOLE, 0..=WHOLE], users in prop::collection::vec(any::<String>(), 40)) {
        let (less, more) = (holdouts[0].min(holdouts[1]), holdouts[0].max(holdouts[1]));
        let mut subjects = Subjects::default();
        let [less, more] = [less, more].map(|holdout| layered(holdout, &[[0, 3000], [3000, 7000]], &mut subjects));
        for user in users {
            let [before, after] = [&less, &more].map(|splits| experiments(splits, &subjects, &user));
            prop_assert!(after.is_empty() || after == before, "{user}: {before:?} {after:?}");
        }
    }

    #[test]
    fn whatever_is_sent_is_split_alike_and_nothing_panics(
        head in prop::collection::vec((prop::sample::select(NAMES.to_vec()), any::<Vec<u8>>()), 0..8),
        source in prop::option::of(any::<String>()),
        sub in prop::option::of(any::<String>()),
        now in any::<Option<u64>>(),
        number in any::<u64>(),
    ) {
        let json = br#"[
            {"unit": [{"claim": "sub"}, {"header": "x-user"}, {"cookie": "uid"}, {"query": "uid"}, {"ip": {"v4": 9, "v6": 1}}],
             "seed": "s", "ranges": {"a": [0, 10], "b": [90, 100]}},
            {"unit": [{"new_cookie": {"name": "uid"}}], "seed": "s", "weights": [{"a": 50}, {"b": 50}]},
            {"unit": [{"header": "x-user"}], "hash": "crc32", "modulo": 3, "weights": [{"a": 100}]},
            {"hash": "fnv1a-64", "weights": [{"a": 100}]}
        ]"#;
        let reader = strict_config::read(json).unwrap();
        let (mut subjects, mut layers) = (Subjects::default(), Layers::default());
        let splits = reader.root().as_array().unwrap().iter();
        let splits: Vec<_> = splits.filter_map(|split| Split::read(&reader, split, &mut subjects, &mut layers)).collect();
        prop_assert_eq!(splits.len(), 4);
        let head: Vec<(&[u8], &[u8])> = head.iter().map(|(name, value)| (name.as_bytes(), value.as_slice())).collect();
        let visit = Visit { head: &head, source: source.as_deref(), now, sub: sub.as_deref() };
        let decide = || visit.ask(&subjects, |request| {
            let mut cookies = NewCookies::new(number);
            let choices: Vec<_> = splits.iter().map(|split| split.choose(request, &mut cookies)).collect();
            (choices, cookies.into_values())
        });
        let (choices, cookies) = decide();
        prop_assert!(choices.iter().flatten().all(|choice| choice.bucket < WHOLE));
        prop_assert!(cookies.iter().all(|cookie| header_field::is_value(cookie)));
        prop_assert_eq!(decide(), (choices, cookies));
    }

    #[test]
    fn whatever_is_configured_is_read_or_refused(
        members in prop::collection::vec((prop::sample::select(MEMBERS.to_vec()), prop::sample::select(MEANT.to_vec())), 0..6),
    ) {
        let members: Vec<_> = members.iter().map(|(name, value)| format!(r#""{name}": {value}"#)).collect();
        let json = format!("{{{}}}", members.join(", "));
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let (mut subjects, mut layers) = (Subjects::default(), Layers::read(&reader, reader.root(), &mut Subjects::default()));
        let split = Split::read(&reader, reader.root(), &mut subjects, &mut layers);
        prop_assert!(split.is_some() || !reader.into_problems().is_empty());
    }
}

const NAMES: [&str; 7] = [":path", "cookie", "x-user", "x-request-id", "traceparent", "b3", "sw8"];

const MEMBERS: [&str; 9] = ["unit", "seed", "hash", "modulo", "weights", "ranges", "layer", "share", "holdout"];

const MEANT: [&str; 16] = [
    "null",
    "7",
    "0.5",
    "\"a\"",
    "\"seed\"",
    "[]",
    "[0, 10]",
    "[10, 0]",
    "{}",
    "{\"a\": 100}",
    "{\"a\": [0, 50]}",
    "{\"a\": [0, 50], \"b\": [49, 100]}",
    "[{\"ip\": {}}]",
    "[{\"new_cookie\": {\"name\": \"a\"}}]",
    "{\"seed\": \"l\", \"unit\": [{\"ip\": {}}]}",
    "\"fnv1a\"",
];
