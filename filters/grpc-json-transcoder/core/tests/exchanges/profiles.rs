//! Where `profile: strict` answers otherwise than `profile: envoy`: the table of the README, row by row.

use crate::proxy::{Answer, pairs, run};
use crate::site::{Site, reply, request, shown};

/// The filter under both profiles, with these further members.
fn profiles(members: &str) -> [Site; 2] {
    let comma = if members.is_empty() { "" } else { ", " };
    ["strict", "envoy"].map(|profile| Site::new(&format!("\"profile\": \"{profile}\"{comma}{members}")))
}

/// Checks what the server receives, as [`Site::received`] shows it, in each profile; a refusal need only begin so.
#[track_caller]
fn check(sites: &[Site; 2], line: &str, body: &str, strict: &str, envoy: &str) {
    for (site, expected) in sites.iter().zip([strict, envoy]) {
        let found = site.received(line, body);
        let is_same = if expected.starts_with("4") { found.starts_with(expected) } else { found == expected };
        assert!(is_same, "{line} {body}\nexpected {expected}\n   found {found}");
    }
}

#[test]
fn the_path_wins_over_the_query_and_both_over_the_body() {
    let sites = profiles("");
    check(&sites, "GET /users/1?id=2", "", r#"{"id":"1"}"#, r#"{"id":"2"}"#);
    check(&sites, "PUT /users/1", r#"{"id":3,"name":"n"}"#, r#"{"id":"1","name":"n"}"#, r#"{"id":"3","name":"n"}"#);
    check(&sites, "PUT /users/1?id=2", r#"{"name":"n"}"#, r#"{"id":"1","name":"n"}"#, r#"{"id":"2","name":"n"}"#);
    check(&sites, "PUT /users/1?id=2", r#"{"id":3}"#, r#"{"id":"1"}"#, r#"{"id":"3"}"#);
    // The body is one field, and the query may have the others.
    let friend = r#"{"name":"f"}"#;
    let both = r#"{"id":"1","name":"n","friend":{"name":"f"}}"#;
    check(&sites, "POST /users/1/friend?name=n", friend, both, both);
    let merged = r#"{"id":"1","friend":{"name":"f","color":"RED"}}"#;
    check(&sites, "POST /users/1/friend?friend.color=RED&friend.name=q", friend, "400 ", merged);
}

#[test]
fn a_body_of_everything_takes_no_query_parameters() {
    let sites = profiles("");
    let body = r#"{"tags":["a"]}"#;
    check(
        &sites,
        "PUT /users/1?name=q&tags=b",
        body,
        r#"{"id":"1","tags":["a"]}"#,
        r#"{"id":"1","name":"q","tags":["a","b"]}"#,
    );
}

/// The native filter reads the body of a GET, too.
#[test]
fn a_rule_without_body_reads_no_body() {
    let sites = profiles("");
    for line in ["POST /users/1?name=q", "GET /users/1?name=q"] {
        let (strict, envoy) = (r#"{"id":"1","name":"q"}"#, r#"{"id":"1","name":"q","color":"RED"}"#);
        check(&sites, line, r#"{"color":"RED"}"#, strict, envoy);
        check(&sites, line, "{]", strict, "400 ");
    }
}

#[test]
fn a_body_of_one_field_that_is_empty_is_an_empty_message() {
    let expected = r#"{"id":"1","friend":{}}"#;
    check(&profiles(""), "POST /users/1/friend", "", expected, expected);
}

#[test]
fn strict_json_is_rfc_8259_and_envoys_is_lenient() {
    let sites = profiles("");
    for body in [r#"{"name":"n",}"#, "{'name':'n'}", r#"{name:"n"}"#] {
        check(&sites, "PUT /users/1", body, "400 ", r#"{"id":"1","name":"n"}"#);
    }
    check(&sites, "PUT /users/1", r#"{"tags":"t"}"#, "400 ", r#"{"id":"1","tags":["t"]}"#);
    check(&sites, "PUT /users/1", r#"{"name":"a","name":"b"}"#, "400 ", r#"{"id":"1","name":"b"}"#);
    check(&sites, "POST /gather/1", r#"[{"name":"n"},]"#, "400 ", r#"{"id":"1","name":"n"}"#);
    for body in ["{} {}", "{\"name\":+1}", "{,}", "// c\n{}"] {
        check(&sites, "PUT /users/1", body, "400 ", "400 ");
    }
}

#[test]
fn unknown_body_fields_are_refused_in_strict() {
    let sites = profiles("");
    let known = r#"{"id":"1","name":"n"}"#;
    check(&sites, "PUT /users/1", r#"{"nam":"x","name":"n"}"#, "400 ", known);
    check(&sites, "POST /gather/1", r#"[{"nam":"x","name":"n"}]"#, "400 ", known);
    check(&sites, "PUT /users/1", r#"{"friend":{"nam":"x"}}"#, "400 ", r#"{"id":"1","friend":{}}"#);
    let chosen = r#""request_validation_options": {"reject_unknown_body_fields": "#;
    check(&profiles(&format!("{chosen}false}}")), "PUT /users/1", r#"{"nam":"x","name":"n"}"#, known, known);
    check(&profiles(&format!("{chosen}true}}")), "PUT /users/1", r#"{"nam":"x","name":"n"}"#, "400 ", "400 ");
}

#[test]
fn unknown_query_parameters_are_refused_in_strict() {
    let passed = "passed as /users/1?nam=x";
    check(&profiles(""), "GET /users/1?nam=x", "", "400 ", passed);
    let chosen = r#""request_validation_options": {"reject_unknown_query_parameters": "#;
    check(&profiles(&format!("{chosen}false}}")), "GET /users/1?nam=x", "", passed, passed);
    check(&profiles(&format!("{chosen}true}}")), "GET /users/1?nam=x", "", "400 ", "400 ");
}

/// Checks what a client gets of two users and a status after them, in each profile.
#[track_caller]
fn check_stream(members: &str, line: &str, body: &str, status: u32, strict: &str, envoy: &str) {
    for (site, expected) in profiles(members).iter().zip([strict, envoy]) {
        let found = site.answered(line, body, &[r#"{"id":1}"#, r#"{"id":2}"#], status);
        assert_eq!(found, expected, "{members} {line}");
    }
}

#[test]
fn a_stream_that_fails_ends_with_an_error_record() {
    let error = r#"{"code":5,"message":"it failed","details":[]}"#;
    // By callout, and inline.
    for (line, body) in [("GET /list", ""), ("POST /list", "{}"), ("POST /chat", "[]")] {
        let strict = format!(r#"200 [{{"id":"1"}},{{"id":"2"}},{{"error":{error}}}]"#);
        check_stream("", line, body, 5, &strict, r#"200 [{"id":"1"},{"id":"2"}]"#);
        let lines = r#""print_options": {"stream_newline_delimited": true}"#;
        let sent = "200 {\"id\":\"1\"}\n{\"id\":\"2\"}\n";
        check_stream(lines, line, body, 5, &format!("{sent}{{\"error\":{error}}}\n"), sent);
        let events = r#""print_options": {"stream_sse_style_delimited": true}"#;
        let sent = "200 data: {\"id\":\"1\"}\n\ndata: {\"id\":\"2\"}\n\n";
        check_stream(events, line, body, 5, &format!("{sent}event: error\ndata: {error}\n\n"), sent);
    }
    // What ends within a message, or without a status, is as incomplete; natively that ends the proxy.
    for (frames, ends) in [(3, true), (6, true), (usize::MAX, false)] {
        for site in profiles("") {
            let (first, second) = (site.frame(r#"{"id":1}"#), site.frame(r#"{"id":2}"#));
            let mut cut = reply([&first[..], &second[..frames.min(second.len())]].concat(), 0);
            if !ends {
                cut.trailers = None;
            }
            let found = shown(&run(&site.transcoder, &request("POST /list", "{}"), &cut).answer);
            let is_told = found.contains(r#"{"error":"#) && found.ends_with("}]");
            assert!(is_told || found.ends_with("(cut)"), "{found}");
        }
    }
}

#[test]
fn whitespace_never_breaks_the_framing_of_a_stream() {
    for (line, body) in [("GET /list", ""), ("POST /chat", "[]")] {
        let members = |framing: &str| format!(r#""print_options": {{"add_whitespace": true, "{framing}": true}}"#);
        check_stream(
            &members("stream_newline_delimited"),
            line,
            body,
            0,
            "200 {\"id\":\"1\"}\n{\"id\":\"2\"}\n",
            "200 {\n \"id\": \"1\"\n}\n\n{\n \"id\": \"2\"\n}\n\n",
        );
        check_stream(
            &members("stream_sse_style_delimited"),
            line,
            body,
            0,
            "200 data: {\"id\":\"1\"}\n\ndata: {\"id\":\"2\"}\n\n",
            "200 data: {\n \"id\": \"1\"\n}\n\n\ndata: {\n \"id\": \"2\"\n}\n\n\n",
        );
        let array = "200 [{\n \"id\": \"1\"\n}\n,{\n \"id\": \"2\"\n}\n]";
        check_stream(r#""print_options": {"add_whitespace": true}"#, line, body, 0, array, array);
    }
}

/// TestEnumValueIgnoreCase and CreateShelfBodyWildcard of the native filter, of client streaming.
#[test]
fn options_hold_for_client_streams() {
    let sites = profiles(r#""case_insensitive_enum_parsing": true"#);
    let red = r#"{"id":"1","color":"RED"}"#;
    check(&sites, "PUT /users/1", r#"{"color":"red"}"#, red, red);
    check(&sites, "POST /gather/1", r#"[{"color":"red"}]"#, red, "400 ");
    let sites = profiles(r#""request_validation_options": {"reject_binding_body_field_collisions": true}"#);
    check(&sites, "PUT /users/1", r#"{"id":2}"#, "400 ", "400 ");
    check(&sites, "POST /gather/1", r#"[{"id":2},{"id":3}]"#, "400 ", r#"{"id":"2"} {"id":"3"}"#);
    check(&sites, "POST /gather/1", r#"[{"id":1},{"id":3}]"#, r#"{"id":"1"} {"id":"3"}"#, r#"{"id":"1"} {"id":"3"}"#);
}

/// Refusals of the filter itself, which the table has with `json_errors`.
#[test]
fn a_refusal_is_json_in_strict_and_text_in_envoy() {
    for (site, expected) in profiles("").iter().zip(["application/json", "text/plain"]) {
        let Answer::Local { headers, .. } = site.send("PUT /users/1", "{]").answer else {
            panic!("expected an answer of the filter, but found another");
        };
        assert_eq!(headers, pairs(&[("content-type", expected)]));
    }
}
