//! Where both profiles answer otherwise than Envoy's own transcoder, on whole exchanges.

use crate::proxy::{Answer, run};
use crate::site::{Site, reply, request, shown};

fn both() -> [Site; 2] {
    ["strict", "envoy"].map(|profile| Site::new(&format!(r#""profile": "{profile}""#)))
}

/// The answer to a reply of one message of these bytes.
fn answer(site: &Site, line: &str, wire: &[u8]) -> Answer {
    let prefix = u32::try_from(wire.len()).unwrap().to_be_bytes();
    run(&site.transcoder, &request(line, ""), &reply([&[0], &prefix[..], wire].concat(), 0)).answer
}

/// A singular field twice is 502 natively, a oneof or a map's key twice gives a member twice.
#[test]
fn what_comes_twice_in_a_reply_is_merged() {
    for site in both() {
        let check = |wire: &[u8], expected: &str| {
            assert_eq!(shown(&answer(&site, "GET /users/1", wire)), format!("200 {expected}"));
        };
        check(b"\x08\x01\x08\x02", r#"{"id":"2"}"#);
        check(b"\x2a\x02\x08\x01\x2a\x02\x18\x01", r#"{"friend":{"id":"1","color":"RED"}}"#);
        check(
            b"\x32\x05\x0a\x01a\x10\x01\x32\x05\x0a\x01b\x10\x02\x32\x05\x0a\x01a\x10\x03",
            r#"{"scores":{"b":"2","a":"3"}}"#,
        );
        check(b"\x3a\x01l\x40\x05", r#"{"right":"5"}"#);
    }
}

/// Natively each of these ends the proxy, and with it every other exchange.
#[test]
fn what_ends_the_native_proxy_is_answered() {
    for (site, of_null) in both().iter().zip(["400 ", r#"{"id":"1"}"#]) {
        let check = |wire: &[u8], expected: &str| {
            assert_eq!(shown(&answer(site, "GET /users/1", wire)), format!("200 {expected}"));
        };
        check(b"\x32\x03\x0a\x01a", r#"{"scores":{"a":"0"}}"#);
        check(b"\x32\x02\x10\x05", r#"{"scores":{"":"5"}}"#);
        check(b"\x32\x00", r#"{"scores":{"":"0"}}"#);
        let found = site.received("PUT /users/1", r#"{"scores":{"a":null}}"#);
        assert!(found.starts_with(of_null), "{found}");
        let frame = site.frame(r#"{"id":7}"#);
        for end in 1..frame.len() {
            for line in ["GET /list", "GET /users/1"] {
                let answer = run(&site.transcoder, &request(line, ""), &reply(frame[..end].to_vec(), 0)).answer;
                assert_eq!(answer.status(), "502", "{line} cut at {end}");
            }
        }
    }
}

/// Natively a body that is no message is lost, and needed where there is none.
#[test]
fn a_body_may_be_any_field_of_the_message() {
    for site in both() {
        assert_eq!(site.received("PUT /names/1", r#""n""#), r#"{"id":"1","name":"n"}"#);
        assert_eq!(site.received("PUT /names/1", ""), r#"{"id":"1"}"#);
    }
}

/// Natively only a field that is an `HttpBody` may be.
#[test]
fn a_reply_may_be_any_field_of_the_message() {
    for site in both() {
        assert_eq!(site.answered("GET /names/1", "", &[r#"{"id":1,"name":"n"}"#], 0), r#"200 "n""#);
        assert_eq!(site.answered("GET /names/1", "", &["{}"], 0), r#"200 """#);
    }
}

/// TranscodingUnaryWithInvalidHttpBodyAsOutput; natively such a media type adds headers, and extensions cut the connection.
#[test]
fn a_raw_reply_is_a_media_type_and_bytes_and_nothing_else() {
    for site in both() {
        let check = |wire: &[u8], media: &str, body: &str| {
            let Answer::Local { status: 200, headers, body: found, .. } = answer(&site, "GET /download", wire) else {
                panic!("expected an answer of a callout, but found another");
            };
            assert_eq!((headers[0].1.escape_ascii().to_string().as_str(), &found[..]), (media, body.as_bytes()));
        };
        check(b"\x0a\x05a/txt\x12\x02hi", "a/txt", "hi");
        check(b"\x12\x02hi\x0a\x05a/txt", "a/txt", "hi");
        check(b"\x0a\x06a\r\nb:c\x12\x02hi", "application/octet-stream", "hi");
        check(b"\x0a\x05a/txt\x1a\x04\x0a\x02x/\x12\x02hi", "a/txt", "hi");
    }
}
