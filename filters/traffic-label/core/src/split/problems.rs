//! What is wrong with a split or a layer is said at once, each problem with its path.

use super::{Layers, Sampler, Split};
use crate::subject::Subjects;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Reads `layers`, then each of `splits`, then `sampler`.
#[track_caller]
fn check(json: &str, expected: &str) {
    let reader = strict_config::read(json.as_bytes()).unwrap();
    let mut object = reader.object(reader.root()).unwrap();
    let mut subjects = Subjects::default();
    let layers = object.get("layers");
    let mut layers = layers.map(|layers| Layers::read(&reader, layers, &mut subjects)).unwrap_or_default();
    for split in object.array("splits") {
        Split::read(&reader, split, &mut subjects, &mut layers);
    }
    if let Some(mut object) = object.object("sampler") {
        Sampler::read(&reader, &mut object, &mut subjects);
        object.finish();
    }
    object.finish();
    let problems: Vec<String> =
        reader.into_problems().iter().map(|problem| format!("{}: {}", problem.path, problem.message)).collect();
    assert_eq!(problems.join("\n"), expected);
}

/// A split by a header, with what is asked for beside.
#[track_caller]
fn check_split(members: &str, expected: &str) {
    check(&format!(r#"{{"splits": [{{"unit": [{{"header": "x-user"}}], {members}}}]}}"#), expected);
}

#[track_caller]
fn check_unit(unit: &str, expected: &str) {
    let weights = r#""weights": [{"gray": 100}]"#;
    check(&format!(r#"{{"splits": [{{"unit": [{unit}], "seed": "s", {weights}}}]}}"#), expected);
}

#[test]
fn sound_configurations_have_no_problem() {
    check_split(r#""seed": "s", "weights": [{"gray": 0.01}, {"blue": 33.33}, {"green": 0}, {"base": 66.66}]"#, "");
    check_split(
        r#""seed": "s", "hash": "sha256-8", "ranges": {"gray": [0, 10], "blue": [50, 60], "red": [60, 60]}"#,
        "",
    );
    check_split(r#""hash": "crc32", "modulo": 100, "weights": [{"gray": 7}, {"base": 93}]"#, "");
    check(r#"{"splits": [{"weights": [{"gray": 10}, {"base": 90}]}], "sampler": {}}"#, "");
    check(
        r#"{"splits": [{"seed": "s", "weights": [{"gray": 100}], "unit": [
            {"claim": "realm_access.tier"}, {"header": "X-User"}, {"cookie": "uid"}, {"query": "uid"}, {"ip": {}},
            {"new_cookie": {"name": "uid", "path": "/shop", "domain": "example.com", "max_age": "24h", "secure": true,
                            "http_only": false, "same_site": "none"}}
        ]}]}"#,
        "",
    );
    check(
        r#"{"layers": {"shop": {"seed": "l", "unit": [{"cookie": "uid"}], "hash": "sha256-8", "holdout": 2.5}},
            "splits": [{"layer": "shop", "share": [0, 30], "seed": "a", "weights": [{"gray": 100}]},
                       {"layer": "shop", "share": [30, 60], "seed": "b", "weights": [{"gray": 100}]},
                       {"layer": "shop", "share": [0, 30], "seed": "a", "ranges": {"blue": [0, 50]}}]}"#,
        "",
    );
}

#[test]
fn weights_are_percentages_with_a_sum_of_a_hundred() {
    let sum =
        |found: &str| format!("splits[0].weights: expected weights with a sum of 100, but found a sum of {found}");
    check_split(r#""seed": "s", "weights": [{"gray": 10}, {"base": 89.99}]"#, &sum("99.99"));
    check_split(r#""seed": "s", "weights": [{"gray": 10.1}, {"base": 90}]"#, &sum("100.1"));
    check_split(r#""seed": "s", "weights": []"#, &sum("0"));
    check_split(
        r#""seed": "s", "weights": [{"gray": 0.125}, {"blue": "10"}, {"": 10}, {"a\nb": 79.875}, {"base": 101}]"#,
        "splits[0].weights[0].gray: expected a percentage from 0 to 100 with at most two decimals, but found 0.125\n\
         splits[0].weights[1].blue: expected a percentage from 0 to 100 with at most two decimals, but found \"10\"\n\
         splits[0].weights[2][\"\"]: expected a value for a header, but found \"\"\n\
         splits[0].weights[3][\"a\\nb\"]: expected a value for a header, but found \"a\\nb\"\n\
         splits[0].weights[3][\"a\\nb\"]: expected a percentage from 0 to 100 with at most two decimals, but found 79.875\n\
         splits[0].weights[4].base: expected a percentage from 0 to 100 with at most two decimals, but found 101",
    );
    check_split(
        r#""seed": "s", "weights": [10, {"gray": 45, "base": 45}]"#,
        "splits[0].weights[0]: expected an object of one value with its weight, but found 10\n\
         splits[0].weights[1]: expected an object of one value with its weight, but found an object",
    );
    check_split(
        r#""seed": "s", "weights": [{"gray": 50}, {"gray": 50}]"#,
        "splits[0].weights[1]: expected each value once, but found \"gray\" again",
    );
    // A mesh writes the members of an object in an order of its own.
    let object = ["{", r#""gray": 10, "base": 90"#, "}"].concat();
    check_split(
        &format!(r#""seed": "s", "weights": {object}"#),
        "splits[0].weights: expected an array such as [{\"gray\": 10}, {\"base\": 90}], but found an object",
    );
    check_split(
        r#""hash": "fnv1a", "modulo": 100, "weights": [{"gray": 0.5}, {"base": 99.5}]"#,
        "splits[0].weights[0].gray: expected a multiple of 1, as modulo is 100, but found 0.5\n\
         splits[0].weights[1].base: expected a multiple of 1, as modulo is 100, but found 99.5",
    );
}

#[test]
fn ranges_are_within_a_hundred_and_apart_from_each_other() {
    check_split(
        r#""seed": "s", "ranges": {"gray": [0, 10], "blue": [9.99, 20], "red": [30, 20], "green": [90, 101], "a": [1], "b": 5}"#,
        "splits[0].ranges.blue: expected ranges apart from each other, but found [9.99, 20] beside gray's [0, 10]\n\
         splits[0].ranges.red: expected a range that ends after its start, but found [30, 20]\n\
         splits[0].ranges.green[1]: expected a percentage from 0 to 100 with at most two decimals, but found 101\n\
         splits[0].ranges.a: expected [from, to] in percent, but found an array\n\
         splits[0].ranges.b: expected an array, but found 5",
    );
    check_split(r#""seed": "s", "ranges": {}"#, "splits[0].ranges: expected a range for each value, but found none");
    check_split(
        r#""modulo": 4, "ranges": {"gray": [25, 60]}"#,
        "splits[0].ranges.gray: expected a multiple of 25, as modulo is 4, but found 60",
    );
}

#[test]
fn a_split_says_by_what_and_into_what() {
    check_split(r#""seed": "s""#, "splits[0]: expected weights or ranges, but found neither");
    check_split(
        r#""seed": "s", "weights": [{"gray": 100}], "ranges": {"gray": [0, 10]}"#,
        "splits[0].ranges: expected weights or ranges, but found both",
    );
    check_split(
        r#""weights": [{"gray": 100}]"#,
        "splits[0].seed: expected a seed that no other experiment has, but found none",
    );
    check_split(
        r#""seed": 42, "hash": "md5", "modulo": 1, "weigths": {}"#,
        "splits[0].hash: expected murmur3, sha256-8, fnv1a, fnv1a-64 or crc32, but found \"md5\"\n\
         splits[0].modulo: expected 2 to 1000000, but found 1\n\
         splits[0].seed: expected a string, but found 42\n\
         splits[0]: expected weights or ranges, but found neither\n\
         splits[0].weigths: expected weights, but found \"weigths\"",
    );
    check_split(
        r#""hash": "fnv1a", "seed": "s", "weights": [{"gray": 100}]"#,
        "splits[0].seed: expected no seed with this hash, which would not make experiments independent, but found \"s\"",
    );
    check_split(r#""hash": "fnv1a", "weights": [{"gray": 100}]"#, "");
    check(r#"{"splits": [7]}"#, "splits[0]: expected an object, but found 7");
}

#[test]
fn units_are_what_a_request_can_have() {
    check(
        r#"{"splits": [{"unit": [], "seed": "s", "weights": [{"gray": 100}]}, {"unit": {}, "seed": "s", "weights": [{"a": 100}]}]}"#,
        "splits[0].unit: expected units to split by, but found none\n\
         splits[1].unit: expected an array, but found an object",
    );
    let one_of = "splits[0].unit[0]: expected one of claim, header, cookie, query, ip and new_cookie, but found";
    check_unit("{}", &format!("{one_of} none"));
    check_unit(r#"{"header": "a", "cookie": "b"}"#, &format!("{one_of} several"));
    check_unit(
        r#"{"cokie": "uid"}"#,
        &format!("splits[0].unit[0].cokie: expected cookie, but found \"cokie\"\n{one_of} none"),
    );
    for (unit, expected) in [
        (r#""uid""#, ": expected an object, but found \"uid\""),
        (r#"{"header": ":path"}"#, ".header: expected a header that may be set, but found the pseudo-header \":path\""),
        (r#"{"header": "a b"}"#, ".header: expected a header name, but found \"a b\""),
        (r#"{"cookie": "a=b"}"#, ".cookie: expected the name of a cookie, but found \"a=b\""),
        (r#"{"cookie": ""}"#, ".cookie: expected the name of a cookie, but found \"\""),
        (r#"{"query": ""}"#, ".query: expected the name of a query parameter, but found \"\""),
        (r#"{"query": 1}"#, ".query: expected a string, but found 1"),
        (
            r#"{"claim": "a..b"}"#,
            ".claim: expected the path of a claim, such as sub or realm_access.tier, but found \"a..b\"",
        ),
        (r#"{"ip": {"v4": 33}}"#, ".ip.v4: expected 1 to 32, but found 33"),
        (r#"{"ip": {"v6": 0}}"#, ".ip.v6: expected 1 to 128, but found 0"),
        (r#"{"ip": {"v5": 1}}"#, ".ip.v5: expected v4 or v6, but found \"v5\""),
        (r#"{"ip": 24}"#, ".ip: expected an object, but found 24"),
    ] {
        check_unit(unit, &format!("splits[0].unit[0]{expected}"));
    }
}

#[test]
fn a_new_cookie_is_one_that_browsers_keep() {
    for (members, expected) in [
        ("", ".name: expected a value, but found none"),
        (r#""name": "a;b""#, ".name: expected the name of a cookie, but found \"a;b\""),
        (r#""name": "a", "path": "shop""#, ".path: expected a path that begins with /, but found \"shop\""),
        (r#""name": "a", "path": "/;x""#, ".path: expected a path, but found \"/;x\""),
        (r#""name": "a", "domain": "a b""#, ".domain: expected a domain, but found \"a b\""),
        (
            r#""name": "a", "max_age": "30d""#,
            ".max_age: expected a time from 1s to 9600h, such as 60s or 5m, but found \"30d\"",
        ),
        (
            r#""name": "a", "max_age": "9601h""#,
            ".max_age: expected a time from 1s to 9600h, such as 60s or 5m, but found \"9601h\"",
        ),
        (r#""name": "a", "secure": "yes""#, ".secure: expected true or false, but found \"yes\""),
        (r#""name": "a", "same_site": "Lax""#, ".same_site: expected strict, lax or none, but found \"Lax\""),
        (
            r#""name": "a", "expires": 1"#,
            ".expires: expected name, path, domain, max_age, secure, http_only or same_site, but found \"expires\"",
        ),
        (
            r#""name": "a", "secure": false, "same_site": "none""#,
            ": expected secure with __Secure-, __Host- or same_site none, but found it false",
        ),
        (
            r#""name": "__Secure-a", "secure": false"#,
            ": expected secure with __Secure-, __Host- or same_site none, but found it false",
        ),
        (
            r#""name": "__Host-a", "domain": "a.b""#,
            ": expected no path but / and no domain with __Host-, but found one",
        ),
        (r#""name": "__Host-a", "path": "/a""#, ": expected no path but / and no domain with __Host-, but found one"),
    ] {
        check_unit(&format!(r#"{{"new_cookie": {{{members}}}}}"#), &format!("splits[0].unit[0].new_cookie{expected}"));
    }
    check_unit(
        r#"{"new_cookie": {"name": "uid"}}, {"ip": {}}"#,
        "splits[0].unit[1]: expected new_cookie last, as every request has it, but found a unit after it",
    );
    check(
        r#"{"sampler": {"seed": "s", "unit": [{"cookie": "uid"}, {"new_cookie": {"name": "uid"}}]}}"#,
        "sampler.unit: expected units that a request brings, but found new_cookie, which is for splits and layers",
    );
}

#[test]
fn a_layer_says_who_is_split_and_by_which_seed() {
    check(
        r#"{"layers": {"a": {}, "b": {"seed": "", "unit": [{"ip": {}}], "hash": "crc32", "holdout": 101, "modulo": 100}, "c": 1}}"#,
        "layers.a.unit: expected a value, but found none\n\
         layers.a.seed: expected a value, but found none\n\
         layers.b.seed: expected a seed, but found \"\"\n\
         layers.b.hash: expected murmur3 or sha256-8, but found \"crc32\"\n\
         layers.b.holdout: expected a percentage from 0 to 100 with at most two decimals, but found 101\n\
         layers.b.modulo: expected unit, seed, hash or holdout, but found \"modulo\"\n\
         layers.c: expected an object, but found 1",
    );
    check(r#"{"layers": []}"#, "layers: expected an object, but found an array");
}

#[test]
fn a_split_of_a_layer_has_a_free_share_of_it() {
    check(
        r#"{"layers": {"shop": {"seed": "l", "unit": [{"cookie": "uid"}]}, "bad": {}}, "splits": [
{"layer": "shop", "share": [0, 30], "seed": "a", "weights": [{"gray": 100}]},
{"layer": "shop", "share": [29.5, 40], "seed": "b", "weights": [{"gray": 100}]},
{"layer": "shop", "share": [0, 30], "seed": "c", "weights": [{"gray": 100}]},
{"layer": "shop", "share": [0, 20], "seed": "a", "weights": [{"gray": 100}]},
{"layer": "shop", "share": [50, 60], "seed": "l", "weights": [{"gray": 100}]},
{"layer": "shop", "seed": "d", "weights": [{"gray": 100}]},
{"layer": "shop", "share": [60, 70], "unit": [{"ip": {}}], "weights": [{"gray": 100}]},
{"layer": "shopp", "share": [0, 10], "seed": "e", "weights": [{"gray": 100}]},
{"layer": "bad", "share": [0, 10], "seed": "e", "weights": [{"gray": 100}]},
{"layer": "shop", "share": [80, 70], "seed": "f", "weights": [{"gray": 100}]},
{"share": [0, 10], "seed": "g", "weights": [{"gray": 100}]}]}"#,
        "layers.bad.unit: expected a value, but found none\n\
         layers.bad.seed: expected a value, but found none\n\
         splits[1].share: expected a share of shop that is free, but found [29.5, 40], and the split of line 2 column 28 has [0, 30]\n\
         splits[2].share: expected a share of shop that is free, but found [0, 30], and the split of line 2 column 28 has [0, 30]\n\
         splits[3].share: expected a share of shop that is free, but found [0, 20], and the split of line 2 column 28 has [0, 30]\n\
         splits[4].seed: expected another seed than the layer's, or the share would be of one end of the split, but found \"l\"\n\
         splits[5].share: expected a share of the layer, but found none\n\
         splits[6].unit: expected the units of the layer, but found this beside them\n\
         splits[6].seed: expected a seed that no other experiment has, but found none\n\
         splits[7].layer: expected the name of a layer, but found \"shopp\"\n\
         splits[9].share: expected a range that ends after its start, but found [80, 70]\n\
         splits[10].share: expected layer beside it, but found none",
    );
}
