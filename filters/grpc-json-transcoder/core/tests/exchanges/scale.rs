//! A configuration of a thousand methods.

use crate::proxy::run;
use crate::site::{path, reply, request};
use crate::thousand::configuration;
use grpc_json_transcoder_core::transcoder::Transcoder;

/// What a lookup costs among so many is counted where the trie is: `ten_routes_and_ten_thousand_cost_the_same_visits`.
#[test]
fn each_of_a_thousand_methods_is_called() {
    let transcoder = Transcoder::configure(configuration().as_bytes()).unwrap_or_else(|problems| panic!("{problems}"));
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
