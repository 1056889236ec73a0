//! A configuration of a thousand methods.

use crate::descriptors::descriptor_set;
use crate::proxy::run;
use crate::site::{path, reply, request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use grpc_json_transcoder_core::transcoder::Transcoder;

/// Ten services of a hundred methods, each with a message of its own.
fn thousand() -> String {
    let mut text = String::new();
    for service in 0..10 {
        let mut methods = String::new();
        for method in 0..100 {
            let message = format!("M{service}x{method}");
            text.push_str(&format!(
                "message {message} {{ int64 id = 1; {message} next = 2; repeated string tags = 3; }}\n"
            ));
            methods.push_str(&format!(
                r#"rpc R{method}({message}) returns ({message}) {{ option (google.api.http) = {{
                    get: "/v{service}/r{method}/{{id}}" additional_bindings {{ put: "/v{service}/r{method}/{{id}}:put" body: "*" }}
                }}; }}"#
            ));
        }
        text.push_str(&format!("service S{service} {{ {methods} }}\n"));
    }
    text
}

/// What a lookup costs among so many is counted where the trie is: `ten_routes_and_ten_thousand_cost_the_same_visits`.
#[test]
fn each_of_a_thousand_methods_is_called() {
    let services: Vec<String> = (0..10).map(|service| format!("\"t.S{service}\"")).collect();
    let set = STANDARD.encode(descriptor_set(&thousand()));
    let json = format!(r#"{{"services": [{}], "proto_descriptor_bin": "{set}", "cluster": "c"}}"#, services.join(","));
    let transcoder = Transcoder::configure(json.as_bytes()).unwrap_or_else(|problems| panic!("{problems}"));
    let answer = reply(b"\0\0\0\0\0".to_vec(), 0);
    for service in 0..10 {
        for method in 0..100 {
            let called = format!("/t.S{service}/R{method}");
            let resource = format!("/v{service}/r{method}/7");
            for (line, body) in [(format!("GET {resource}"), ""), (format!("PUT {resource}:put"), "{}")] {
                let outcome = run(&transcoder, &request(&line, body), &answer);
                let sent = outcome.sent.unwrap();
                assert_eq!(
                    (path(&sent.head), &sent.body[..]),
                    (called.clone(), &b"\0\0\0\0\x02\x08\x07"[..]),
                    "{line}"
                );
                assert_eq!(outcome.answer.body(), b"{}");
            }
        }
    }
}
