//! What is wrong with a configuration, and what is dangerous about it, is said at once, each with its path.
#![allow(clippy::panic, reason = "a test may panic")]

use cors_core::Cors;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// What the filter does, and its warnings; or everything that is wrong.
fn described(json: &str) -> String {
    match Cors::parse(json.as_bytes(), 0) {
        Ok(cors) if cors.warnings().is_empty() => cors.to_string(),
        Ok(cors) => format!("{cors}\n{}", cors.warnings()),
        Err(problems) => problems.to_string(),
    }
}

#[track_caller]
fn check(json: &str, expected: &[&str]) {
    assert_eq!(described(json).lines().collect::<Vec<_>>(), expected);
}

/// A policy's problem or warning, without its place and the path that they all have.
#[track_caller]
fn check_policy(profile: &str, policy: &str, expected: &[&str]) {
    let said = described(&format!(r#"{{"profile": "{profile}", "policies": [{{"corsPolicy": {policy}}}]}}"#));
    let lines = said.lines().map(|line| line.split(" (line 1").next().unwrap_or_default());
    let lines: Vec<_> = lines.map(|line| line.trim_start_matches("policies[0].corsPolicy.")).collect();
    assert_eq!(lines, expected, "{policy}");
}

#[test]
fn credentials_are_for_origins_by_name() {
    check_policy(
        "strict",
        r#"{"allowOrigins": ["*"], "allowCredentials": true}"#,
        &[
            "allowOrigins[0]: expected origins by name beside allowCredentials, but found one that every site matches, so that each could read what the user sees",
        ],
    );
    check_policy(
        "envoy",
        r#"{"allowOrigins": ["*"], "allowCredentials": true}"#,
        &[
            "envoy: 1 policy",
            "allowOrigins[0]: expected origins by name beside allowCredentials, but found one that every site matches, so that each could read what the user sees",
        ],
    );
    check_policy(
        "strict",
        r#"{"allowOrigins": ["https://*"], "allowCredentials": true, "exposeHeaders": ["*"]}"#,
        &[
            "allowOrigins[0]: expected origins by name beside allowCredentials, but found one that every site matches, so that each could read what the user sees",
            "exposeHeaders: expected headers by name beside allowCredentials, but found *, which is no wildcard there",
        ],
    );
    check_policy(
        "strict",
        r#"{"allowOrigins": [{"regex": ".*"}], "allowCredentials": true}"#,
        &[
            "allowOrigins[0]: expected origins by name beside allowCredentials, but found one that every site matches, so that each could read what the user sees",
        ],
    );
    check_policy(
        "strict",
        r#"{"allowOrigins": ["http://a.example", "http://localhost:3000", "http://127.0.0.1", "http://127.1.2.3", "http://[::1]:90", "http://*.localhost:*", "http://app.localhost", "http://localhost.example", "http://alocalhost", "http://127.0.0.1.example"], "allowCredentials": true}"#,
        &[
            "strict: 1 policy",
            "allowOrigins[0]: expected https beside allowCredentials, but found one of http, for which anyone on the way to the user can speak",
            "allowOrigins[7]: expected https beside allowCredentials, but found one of http, for which anyone on the way to the user can speak",
            "allowOrigins[8]: expected https beside allowCredentials, but found one of http, for which anyone on the way to the user can speak",
            "allowOrigins[9]: expected https beside allowCredentials, but found one of http, for which anyone on the way to the user can speak",
        ],
    );
}

#[test]
fn what_is_no_origin_is_named_with_its_flaw() {
    check_policy(
        "strict",
        r#"{"allowOrigins": ["null", {"exact": "null"}, "https://a.example/", "https://a.example:443", "https://A.example", "https://münchen.example", "a.example"]}"#,
        &[
            r#"allowOrigins[0]: expected an origin such as https://www.example.com, a pattern such as https://*.example.com, or *, but found "null", which stands for every sandboxed document, whoever wrote it"#,
            r#"allowOrigins[1].exact: expected an origin such as https://www.example.com, a pattern such as https://*.example.com, or *, but found "null", which stands for every sandboxed document, whoever wrote it"#,
            r#"allowOrigins[2]: expected an origin such as https://www.example.com, a pattern such as https://*.example.com, or *, but found "https://a.example/", which has more than scheme, host and port"#,
            r#"allowOrigins[3]: expected an origin such as https://www.example.com, a pattern such as https://*.example.com, or *, but found "https://a.example:443", which has the default port of its scheme, which browsers leave out"#,
            r#"allowOrigins[4]: expected an origin such as https://www.example.com, a pattern such as https://*.example.com, or *, but found "https://A.example", which has upper case letters, which no browser sends"#,
            r#"allowOrigins[5]: expected an origin such as https://www.example.com, a pattern such as https://*.example.com, or *, but found "https://münchen.example", which has a host that is not ASCII, which browsers send as xn--…"#,
            r#"allowOrigins[6]: expected an origin such as https://www.example.com, a pattern such as https://*.example.com, or *, but found "a.example", which has no scheme such as https://"#,
        ],
    );
}

#[test]
fn matchers_that_cannot_mean_what_they_say_are_refused() {
    check_policy(
        "strict",
        r#"{"allowOrigins": [{"regex": "*"}, {"regex": "("}, {"regex": ""}, {"suffix": ".a.example"}, {"exact": "https://*.a.example"}, {"exact": "https://a.example", "regex": "x"}, {}, 1]}"#,
        &[
            r#"allowOrigins[0].regex: expected a regular expression (any origin is {"exact": "*"}), but found "*""#,
            "allowOrigins[1].regex: expected a regular expression, but found: found open group without closing ')'",
            r#"allowOrigins[2].regex: expected a regular expression (any origin is {"exact": "*"}), but found """#,
            "allowOrigins[3]: expected one of exact, prefix and regex, but found none",
            r#"allowOrigins[3].suffix: expected exact, prefix, regex or safe_regex, but found "suffix""#,
            r#"allowOrigins[4].exact: expected an origin such as https://www.example.com (a pattern takes the place of the object), but found "https://*.a.example""#,
            "allowOrigins[5]: expected one of exact, prefix and regex, but found several",
            "allowOrigins[6]: expected one of exact, prefix and regex, but found none",
            "allowOrigins[7]: expected an object, but found 1",
        ],
    );
    check_policy(
        "strict",
        r#"{"allowOrigins": [{"prefix": "https://"}, {"prefix": "https://a."}, {"prefix": "*"}]}"#,
        &[
            r#"allowOrigins[0].prefix: expected a prefix that is an origin, so that it ends where a host does (or a pattern such as https://*.example.com), but found "https://", which has no host such as www.example.com"#,
            r#"allowOrigins[1].prefix: expected a prefix that is an origin, so that it ends where a host does (or a pattern such as https://*.example.com), but found "https://a.", which has no host such as www.example.com"#,
            r#"allowOrigins[2].prefix: expected a prefix that is an origin, so that it ends where a host does (or a pattern such as https://*.example.com), but found "*", which has no scheme such as https://"#,
        ],
    );
}

#[test]
fn what_strangers_match_is_warned_of() {
    check_policy(
        "strict",
        r#"{"allowOrigins": ["https://*.com", "https://*.co.uk", "https://*.github.io:*", "https://*.local"]}"#,
        &[
            "strict: 1 policy",
            r#"allowOrigins[0]: expected a domain of your own, but found "https://*.com", below which anyone may have a host"#,
            r#"allowOrigins[1]: expected a domain of your own, but found "https://*.co.uk", below which anyone may have a host"#,
            r#"allowOrigins[2]: expected a domain of your own, but found "https://*.github.io:*", below which anyone may have a host"#,
        ],
    );
    check_policy(
        "strict",
        r#"{"allowOrigins": [{"regex": "https://a.example"}, {"regex": ".*"}, {"regex": "https?://a\\.example"}], "maxAge": "48h"}"#,
        &[
            "strict: 1 policy",
            r#"allowOrigins[0]: expected dots as \., but found "https://a.example", in which a dot is any letter"#,
            r#"allowOrigins[1]: expected origins of your own, but found ".*", which matches those of strangers"#,
            r#"maxAge: expected at most 24h, the most that a browser keeps, but found "48h""#,
        ],
    );
    check_policy(
        "envoy",
        r#"{"allowOrigins": [{"prefix": "https://a.example"}, {"suffix": "a.example"}, {"contains": "a"}, {"safe_regex": {"regex": "."}}, {"exact": "null"}, {"exact": "cors.com"}], "timingAllowOrigin": true}"#,
        &["timingAllowOrigin: expected the profile strict beside it, but found envoy, which has no such choice"],
    );
    check_policy(
        "envoy",
        r#"{"allowOrigins": [{"prefix": "*"}, {"safe_regex": {"regex": "https://a.b\\.example"}}, {"safe_regex": {"regex": "*"}}, {"safe_regex": {"regex": "a", "x": 1}}, {"safe_regex": {"regex": "a"}, "y": 1}]}"#,
        &[
            r#"allowOrigins[2].safe_regex.regex: expected a regular expression (any origin is {"exact": "*"}), but found "*""#,
            r#"allowOrigins[3].safe_regex.x: expected exact, prefix, suffix, contains, regex or ignore_case, but found "x""#,
            r#"allowOrigins[4].y: expected exact, prefix, regex, safe_regex or ignore_case, but found "y""#,
        ],
    );
}

#[test]
fn every_field_is_checked() {
    check_policy(
        "strict",
        r#"{"allowMethods": ["PUTT", 1], "allowHeaders": "a b, x", "exposeHeaders": 1, "maxAge": "1.5h", "allowCredentials": "yes", "unmatchedPreflights": "DROP"}"#,
        &[
            r#"allowMethods[0]: expected a method of GET, HEAD, POST, PUT, PATCH, DELETE, CONNECT, OPTIONS and TRACE, or *, but found "PUTT""#,
            "allowMethods[1]: expected a string, but found 1",
            r#"allowHeaders: expected a header name or *, but found "a b""#,
            "exposeHeaders: expected an array of names, or a string with commas between them, but found 1",
            r#"maxAge: expected whole seconds, such as 24h, 1h30m or 600, but found "1.5h""#,
            r#"allowCredentials: expected true or false, but found "yes""#,
            r#"unmatchedPreflights: expected FORWARD, IGNORE or UNSPECIFIED, but found "DROP""#,
        ],
    );
    check_policy(
        "strict",
        r#"{"allowOrigins": [], "allowOrigin": [], "forwardNotMatchingPreflights": true, "unmatchedPreflights": "IGNORE"}"#,
        &[
            "allowOrigin: expected allow_origins alone, but found allow_origin beside it",
            "forwardNotMatchingPreflights: expected unmatched_preflights alone, but found forward_not_matching_preflights beside it",
        ],
    );
    check_policy(
        "strict",
        r#"{"allowOrigins": ["https://a.example"], "filterEnabled": {"defaultValue": {"numerator": -1, "denominator": "TEN"}, "runtimeKey": "cors.a"}, "shadowEnabled": {}, "allowMethod": ["GET"]}"#,
        &[
            "filterEnabled.defaultValue.numerator: expected 0 to 4294967295, but found -1",
            r#"filterEnabled.defaultValue.denominator: expected HUNDRED, TEN_THOUSAND or MILLION, but found "TEN""#,
            "shadowEnabled.default_value: expected a share of requests, but found none",
            r#"allowMethod: expected allow_methods, but found "allowMethod""#,
        ],
    );
}

#[test]
fn a_configuration_has_policies() {
    check("{}", &["policies: expected a value, but found none (line 1 column 1)"]);
    check(r#"{"policies": []}"#, &["policies: expected a policy, but found none (line 1 column 14)"]);
    check(
        r#"{"profile": "lax", "policies": 1, "debgu": true}"#,
        &[
            r#"profile: expected strict or envoy, but found "lax" (line 1 column 13)"#,
            "policies: expected an array, but found 1 (line 1 column 32)",
            r#"debgu: expected debug, but found "debgu" (line 1 column 35)"#,
        ],
    );
    check(
        r#"{"preflightStatus": 201, "upstreamHeaders": "merge", "policies": [{"host": [], "corsPolicy": {}}, {}]}"#,
        &[
            r#"upstreamHeaders: expected override, preserve or fallback, but found "merge" (line 1 column 45)"#,
            "preflightStatus: expected 200 or 204, but found 201 (line 1 column 21)",
            r#"policies[0].host: expected hosts, but found "host" (line 1 column 68)"#,
            "policies[1].cors_policy: expected a value, but found none (line 1 column 99)",
        ],
    );
}

#[test]
fn the_native_filters_profile_has_no_choices_of_its_own() {
    check(
        r#"{"profile": "envoy", "debug": true, "preflightStatus": 204, "upstreamHeaders": "override", "policies": [{"corsPolicy": {"allowOrigins": ["*"]}}]}"#,
        &[
            "upstreamHeaders: expected the profile strict beside it, but found envoy, which has no such choice (line 1 column 80)",
            "preflightStatus: expected the profile strict beside it, but found envoy, which has no such choice (line 1 column 56)",
            "debug: expected the profile strict beside it, but found envoy, which has no such choice (line 1 column 31)",
        ],
    );
}

#[test]
fn hosts_and_paths_are_checked_and_have_one_policy_each() {
    check(
        r#"{"policies": [{"hosts": ["a.example", "A.example", "*.b.example", "c.example/", "*x"], "paths": ["/a", "/a", "b", "/c*d", "/d?e"], "corsPolicy": {"allowOrigins": ["*"]}}, {"hosts": ["a.example"], "paths": ["/a"], "corsPolicy": {"allowOrigins": ["*"]}}]}"#,
        &[
            r#"policies[0].hosts[3]: expected a host such as www.example.com, *.example.com or www.example.com:8080, but found "c.example/" (line 1 column 67)"#,
            r#"policies[0].hosts[4]: expected a host such as www.example.com, *.example.com or www.example.com:8080, but found "*x" (line 1 column 81)"#,
            r#"policies[0].paths[2]: expected a path such as /details or /api/*, but found "b" (line 1 column 110)"#,
            r#"policies[0].paths[3]: expected a path such as /details or /api/*, but found "/c*d" (line 1 column 115)"#,
            r#"policies[0].paths[4]: expected a path such as /details or /api/*, but found "/d?e" (line 1 column 123)"#,
            "policies[0].corsPolicy: expected one policy for each host and path, but found another one for the same (line 1 column 146)",
            "policies[1].corsPolicy: expected one policy for each host and path, but found another one for the same (line 1 column 228)",
        ],
    );
    check(
        r#"{"policies": [{"corsPolicy": {"allowOrigins": ["*"]}}, {"corsPolicy": {"allowOrigins": ["*"]}}, {"paths": ["/a", "/b"], "corsPolicy": {"allowCredentials": true}}]}"#,
        &[
            "policies[1].corsPolicy: expected one policy for each host and path, but found another one for the same (line 1 column 71)",
            "policies[0].corsPolicy.allowOrigins[0]: expected origins by name beside allowCredentials, but found one that every site matches, so that each could read what the user sees (line 1 column 48)",
        ],
    );
}

#[test]
fn warnings_are_errors_on_demand() {
    check(
        r#"{"denyInsecure": true, "policies": [{"corsPolicy": {"allowOrigins": ["https://*.com"]}}]}"#,
        &[
            r#"policies[0].corsPolicy.allowOrigins[0]: expected a domain of your own, but found "https://*.com", below which anyone may have a host (line 1 column 70)"#,
        ],
    );
}

#[test]
fn what_envoys_matchers_let_in_is_warned_of() {
    check_policy(
        "envoy",
        r#"{"allowOrigins": [{"prefix": "https://a.example"}, {"suffix": "a.example"}, {"suffix": ".a.example"}, {"contains": "a"}, {"safe_regex": {"regex": "."}}, {"exact": "null"}, {"exact": "https://a.example"}]}"#,
        &[
            "envoy: 1 policy",
            r#"allowOrigins[0]: expected origins of your own, but found "https://a.example", which matches https://a.example.evil.example"#,
            r#"allowOrigins[1]: expected origins of your own, but found "a.example", which matches https://evila.example"#,
            r#"allowOrigins[3]: expected origins of your own, but found "a", which matches https://a.evil.example"#,
            r#"allowOrigins[4].safe_regex: expected origins, but found a matcher of "*", for which Envoy allows every origin"#,
            r#"allowOrigins[5].exact: expected an origin, but found "null", which stands for every sandboxed document, whoever wrote it"#,
        ],
    );
}

#[test]
fn what_is_off_is_not_dangerous() {
    check(
        r#"{"profile": "envoy", "policies": [{"corsPolicy": {"filterEnabled": {"defaultValue": {"numerator": 0}}}}]}"#,
        &["envoy: 1 policy"],
    );
}

#[test]
fn a_good_configuration_is_described_in_a_line() {
    check(r#"{"policies": [{"corsPolicy": {"allowOrigins": ["https://a.example"]}}]}"#, &["strict: 1 policy"]);
    check(
        r#"{"profile": "envoy", "policies": [{"hosts": ["a.example", "b.example"], "paths": ["/x", "/y/*"],
            "corsPolicy": {"allow_origin_string_match": [{"exact": "https://a.example"}]}}]}"#,
        &["envoy: 4 policies by host and path"],
    );
}
