//! What splits choose for requests.

use super::visit::Visit;
use super::{Choice, Layers, NewCookies, Sampler, Split};
use crate::subject::Subjects;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Splits and what they refer to.
struct Setup {
    splits: Vec<Split>,
    subjects: Subjects,
}

impl Setup {
    fn new(json: &str) -> Self {
        let reader = strict_config::read(json.as_bytes()).unwrap();
        let mut object = reader.object(reader.root()).unwrap();
        let mut subjects = Subjects::default();
        let layers = object.get("layers");
        let mut layers = layers.map(|layers| Layers::read(&reader, layers, &mut subjects)).unwrap_or_default();
        let splits = object.array("splits").iter();
        let splits = splits.filter_map(|split| Split::read(&reader, split, &mut subjects, &mut layers)).collect();
        object.finish();
        assert_eq!(reader.into_problems().to_string(), "");
        Self { splits, subjects }
    }

    /// One split with these units and others beside.
    fn by(units: &str, others: &str) -> Self {
        Self::new(&format!(r#"{{"splits": [{{"unit": [{units}], "seed": "exp-42", {others}}}]}}"#))
    }

    /// What each split chooses, and the cookies that the response sets.
    fn choose(&self, visit: Visit<'_>) -> (Vec<Option<Choice<'_>>>, Vec<String>) {
        let mut cookies = NewCookies::new(7);
        let choices = visit.ask(&self.subjects, |request| {
            self.splits.iter().map(|split| split.choose(request, &mut cookies)).collect()
        });
        let text = |value: Vec<u8>| String::from_utf8(value).unwrap();
        (choices, cookies.into_values().into_iter().map(text).collect())
    }

    /// The unit and the bucket of the first split.
    fn first(&self, visit: Visit<'_>) -> Option<(&str, u32)> {
        self.choose(visit).0.first().copied().flatten().map(|choice| (choice.unit, choice.bucket))
    }
}

const HALVES: &str = r#""weights": [{"gray": 50}, {"base": 50}]"#;

/// MurmurHash3 of `exp-42` and the user's name, times 10,000, shifted by 32 bits; computed apart from this code.
const ERIC: u32 = 4129;
const ANN: u32 = 1734;

#[test]
fn the_first_unit_that_is_there_counts() {
    let units = r#"{"claim": "sub"}, {"header": "X-User"}, {"cookie": "uid"}, {"query": "uid"}, {"ip": {}}"#;
    let setup = Setup::by(units, HALVES);
    let path: (&[u8], &[u8]) = (b":path", b"/?uid=ann");
    let cookie: (&[u8], &[u8]) = (b"cookie", b"a=b; uid=ann");
    let header: (&[u8], &[u8]) = (b"x-user", b"eric");
    let empty: (&[u8], &[u8]) = (b"x-user", b"");
    for (head, sub, expected) in [
        (&[path, cookie, header][..], Some("ann"), Some(("claim sub", ANN))),
        (&[path, cookie, header], None, Some(("header x-user", ERIC))),
        (&[path, cookie, header], Some(""), Some(("header x-user", ERIC))),
        (&[path, cookie, empty], None, Some(("cookie uid", ANN))),
        (&[path, cookie, empty, header], None, Some(("header x-user", ERIC))),
        (&[path, (b"cookie", b"uid=")], None, Some(("query uid", ANN))),
        (&[(b":path", b"/?uid=")], None, None),
        (&[], None, None),
    ] {
        let found = setup.first(Visit { head, sub, ..Visit::default() });
        assert_eq!(found, expected, "{head:?} {sub:?}");
    }
}

#[test]
fn an_address_is_the_network_that_it_is_in() {
    let setup = Setup::by(r#"{"ip": {"v4": 24, "v6": 56}}"#, HALVES);
    let bucket = |source| setup.first(Visit { source: Some(source), ..Visit::default() });
    let same = |one, other| bucket(one).is_some() && bucket(one) == bucket(other);
    assert!(same("10.1.2.3:4711", "10.1.2.255:80"));
    assert!(!same("10.1.2.3:4711", "10.1.3.3:4711"));
    assert!(same("[2001:db8:0:aa00::1]:80", "[2001:db8:0:aaff:1:2:3:4]:80"));
    assert!(!same("[2001:db8:0:aa00::1]:80", "[2001:db8:0:ab00::1]:80"));
    assert!(same("[::ffff:10.1.2.3]:80", "10.1.2.3:80"));
    assert_eq!(bucket("pipe"), None);
    let exact = Setup::by(r#"{"ip": {"v4": 32, "v6": 128}}"#, HALVES);
    let bucket = |source| exact.first(Visit { source: Some(source), ..Visit::default() });
    assert_ne!(bucket("10.1.2.3:80"), bucket("10.1.2.4:80"));
    assert_ne!(bucket("[2001:db8::1]:80"), bucket("[2001:db8::2]:80"));
}

/// The values that one split gives Eric and Ann.
fn eric_and_ann(split: &str) -> [Option<String>; 2] {
    let setup = Setup::by(r#"{"header": "x-user"}"#, split);
    ["eric", "ann"].map(|user| {
        let head: [(&[u8], &[u8]); 1] = [(b"x-user", user.as_bytes())];
        let (choices, _) = setup.choose(Visit::with(&head));
        choices.first().copied().flatten().map(|choice| String::from_utf8_lossy(choice.value).into_owned())
    })
}

#[test]
fn weights_are_ranges_in_the_order_written() {
    for (split, eric, ann) in [
        (r#""weights": [{"gray": 100}]"#, Some("gray"), Some("gray")),
        (r#""weights": [{"gray": 0}, {"base": 100}]"#, Some("base"), Some("base")),
        (r#""weights": [{"gray": 17.34}, {"base": 82.66}]"#, Some("base"), Some("base")),
        (r#""weights": [{"gray": 17.35}, {"base": 82.65}]"#, Some("base"), Some("gray")),
        (r#""weights": [{"gray": 17.35}, {"blue": 23.95}, {"base": 58.7}]"#, Some("blue"), Some("gray")),
        (r#""weights": [{"gray": 17.35}, {"blue": 23.94}, {"base": 58.71}]"#, Some("base"), Some("gray")),
        (r#""ranges": {"b": [41.29, 50], "a": [0, 17.34]}"#, Some("b"), None),
        (r#""ranges": {"b": [41.3, 50], "a": [17.34, 17.35]}"#, None, Some("a")),
        (r#""ranges": {"a": [0, 0], "b": [17.34, 17.34]}"#, None, None),
    ] {
        assert_eq!(eric_and_ann(split), [eric, ann].map(|value| value.map(str::to_owned)), "{split}");
    }
}

/// Of CRC-32 as zlib computes it, without a seed, the remainder by a hundred is 11 for Eric and 47 for Ann.
#[test]
fn an_origins_percentages_pick_the_origins_users() {
    let setup = |weights: &str| {
        let split =
            format!(r#"{{"unit": [{{"header": "x-user"}}], "hash": "crc32", "modulo": 100, "weights": {weights}}}"#);
        Setup::new(&format!(r#"{{"splits": [{split}]}}"#))
    };
    for (weights, value) in [(r#"[{"gray": 47}, {"base": 53}]"#, "base"), (r#"[{"gray": 48}, {"base": 52}]"#, "gray")] {
        let setup = setup(weights);
        let (choices, _) = setup.choose(Visit::with(&[(b"x-user", b"ann")]));
        let id = trace_context::hash(b"ann");
        assert_eq!(choices, [Some(Choice { value: value.as_bytes(), bucket: 4700, unit: "header x-user", id })]);
    }
}

/// SHA-256 of what the module names, with the number 7, computed apart from this code.
#[test]
fn a_visitor_without_identity_is_given_one_and_falls_there_again() {
    let units = r#"{"header": "x-user"}, {"new_cookie": {"name": "uid"}}"#;
    let setup = Setup::by(units, HALVES);
    let visit = Visit {
        head: &[(b"x-request-id", b"0f14d0ab-9605-4a62-a9e4-5ed26688389b")],
        source: Some("10.1.2.3:4711"),
        now: Some(1_700_000_000_000),
        sub: None,
    };
    let (first, cookies) = setup.choose(visit);
    let id = "9f1b4253406c9e2126d22e7192c2be06";
    assert_eq!(cookies, [format!("uid={id}; Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=Lax")]);

    let cookie = format!("a=b; uid={id}");
    let (again, cookies) = setup.choose(Visit::with(&[(b"cookie", cookie.as_bytes())]));
    assert_eq!(first, again);
    assert_eq!(first.first().copied().flatten().map(|choice| choice.unit), Some("new_cookie uid"));
    assert_eq!(cookies, [""; 0]);

    let (_, cookies) = setup.choose(Visit::with(&[(b"x-user", b"eric")]));
    assert_eq!(cookies, [""; 0]);
    let (nobody, cookies) = setup.choose(Visit::default());
    assert!(nobody != first && cookies.len() == 1, "{cookies:?}");
}

#[test]
fn a_cookie_has_the_attributes_that_it_is_given() {
    for (attributes, expected) in [
        (
            r#""path": "/shop", "domain": "example.com", "max_age": "90s""#,
            "Path=/shop; Max-Age=90; Domain=example.com; Secure; HttpOnly; SameSite=Lax",
        ),
        (r#""secure": false, "http_only": false, "same_site": "strict""#, "Path=/; Max-Age=2592000; SameSite=Strict"),
        (r#""same_site": "none""#, "Path=/; Max-Age=2592000; Secure; HttpOnly; SameSite=None"),
    ] {
        let setup = Setup::by(&format!(r#"{{"new_cookie": {{"name": "uid", {attributes}}}}}"#), HALVES);
        let (_, cookies) = setup.choose(Visit::default());
        let found: Vec<_> = cookies.iter().filter_map(|cookie| cookie.split_once("; ")).map(|(_, rest)| rest).collect();
        assert_eq!(found, [expected]);
    }
}

#[test]
fn splits_of_one_request_agree_on_its_new_identity() {
    let split = |cookie: &str| {
        format!(r#"{{"unit": [{{"new_cookie": {{"name": "{cookie}"}}}}], "seed": "s", "weights": [{{"gray": 100}}]}}"#)
    };
    let setup = Setup::new(&format!(r#"{{"splits": [{}, {}, {}]}}"#, split("uid"), split("uid"), split("ui")));
    let (choices, cookies) = setup.choose(Visit::default());
    let buckets: Vec<_> = choices.into_iter().flatten().map(|choice| choice.bucket).collect();
    let [one, same, other] = buckets[..] else { unreachable!() };
    assert!(one == same && one != other, "{buckets:?}");
    let names: Vec<_> = cookies.iter().filter_map(|cookie| cookie.split_once('=')).map(|(name, _)| name).collect();
    assert_eq!(names, ["uid", "ui"]);
}

#[test]
fn a_visitor_whom_a_split_leaves_out_is_given_an_identity_too() {
    let unit = r#"{"new_cookie": {"name": "uid"}}"#;
    let out_of_range = Setup::by(unit, r#""ranges": {"gray": [0, 0]}"#);
    let layered = |holdout: u32, share: &str| {
        Setup::new(&format!(
            r#"{{"layers": {{"shop": {{"seed": "l", "unit": [{unit}], "holdout": {holdout}}}}},
                "splits": [{{"layer": "shop", "share": {share}, "seed": "a", "weights": [{{"gray": 100}}]}}]}}"#
        ))
    };
    for setup in [out_of_range, layered(100, "[0, 100]"), layered(0, "[0, 0]")] {
        let (choices, cookies) = setup.choose(Visit::default());
        assert_eq!(choices, [None]);
        assert_eq!(cookies.len(), 1);
    }
    let admitted = layered(0, "[0, 100]");
    let (choices, _) = admitted.choose(Visit::default());
    assert!(matches!(choices[..], [Some(_)]));
}

#[test]
fn a_request_is_drawn_alike_at_every_hop() {
    let setup = Setup::new(r#"{"splits": [{"weights": [{"gray": 10}, {"base": 90}]}]}"#);
    let drawn = |head: &[(&[u8], &[u8])]| setup.first(Visit::with(head)).map(|(_, bucket)| bucket);
    let trace: (&[u8], &[u8]) = (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    let id: (&[u8], &[u8]) = (b"x-request-id", b"0f14d0ab-9605-4a62-a9e4-5ed26688389b");
    // Envoy writes into the identifier whether and why it traces the request.
    let traced: (&[u8], &[u8]) = (b"x-request-id", b"0f14d0ab-9605-9a62-a9e4-5ed26688389b");
    let other: (&[u8], &[u8]) = (b"x-request-id", b"1f14d0ab-9605-4a62-a9e4-5ed26688389b");
    assert!(drawn(&[id]).is_some());
    assert_eq!(drawn(&[id]), drawn(&[trace, traced]));
    assert_ne!(drawn(&[id]), drawn(&[other]));
    // The same trace in another format.
    let b3: (&[u8], &[u8]) = (b"x-b3-traceid", b"a3ce929d0e0e4736");
    assert!(drawn(&[trace]).is_some() && drawn(&[trace]) != drawn(&[id]));
    assert_eq!(drawn(&[trace]), drawn(&[b3]));
    assert_eq!(drawn(&[]), None);
    assert_eq!(drawn(&[(b"x-request-id", b"")]), None);
}

#[test]
fn each_percentage_of_requests_draws_by_itself() {
    let reader = strict_config::read(br#"[10, 10, {"seed": "s"}, {"seed": "s"}, {}]"#).unwrap();
    let mut subjects = Subjects::default();
    let [one, other, objects @ ..] = reader.root().as_array().unwrap() else { unreachable!() };
    let mut samplers = vec![Sampler::of_request(one), Sampler::of_request(other)];
    for object in objects {
        samplers.extend(Sampler::read(&reader, &mut reader.object(object).unwrap(), &mut subjects));
    }
    let visit = Visit::with(&[(b"x-request-id", b"0f14d0ab-9605-4a62-a9e4-5ed26688389b")]);
    let drawn: Vec<_> =
        visit.ask(&subjects, |request| samplers.iter().filter_map(|sampler| sampler.basis_points(request)).collect());
    let [one, other, seeded, alike, place] = drawn[..] else { unreachable!() };
    assert!(one != other && one != seeded && one != place && seeded == alike && seeded != place, "{drawn:?}");
    let none =
        Visit::default().ask(&subjects, |request| samplers.iter().find_map(|sampler| sampler.basis_points(request)));
    assert_eq!(none, None);
}

#[test]
fn a_split_names_all_of_its_values() {
    let setup = Setup::by(r#"{"ip": {}}"#, r#""ranges": {"b": [50, 60], "a": [0, 10]}"#);
    let values: Vec<_> = setup.splits.iter().flat_map(Split::values).collect();
    assert_eq!(values, [b"a", b"b"]);
}
