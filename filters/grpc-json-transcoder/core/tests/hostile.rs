//! Whatever bytes come from a client, an upstream or a configuration, nothing panics; however a body is cut, it is read the
//! same; and none of it is quadratic: were it, the tests with sizes in them would not end.
#![cfg(not(target_arch = "wasm32"))]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may panic")]

use grpc_json_transcoder_core::bindings::percent::unescape;
use grpc_json_transcoder_core::configuration::UnescapeSpec;
use grpc_json_transcoder_core::deadline::{grpc_timeout, parse_grpc_timeout, parse_timeout};
use grpc_json_transcoder_core::elements::Elements;
use grpc_json_transcoder_core::frame::{FrameReader, begin_frame, end_frame};
use grpc_json_transcoder_core::http_body::{HttpBody, field_at};
use grpc_json_transcoder_core::router::{PathMatch, PathMatcher};
use grpc_json_transcoder_core::rule::HttpRule;
use grpc_json_transcoder_core::status::{Code, decode_binary, decode_message};
use grpc_json_transcoder_core::template::Template;
use proptest::prelude::*;

const MEGABYTE: usize = 1 << 20;

/// What a body holds, and whether it ends well: the same for every way of cutting it.
type Read = (Vec<Vec<u8>>, bool);

fn frames<'p>(pieces: impl IntoIterator<Item = &'p [u8]>, limit: u32) -> Read {
    let (mut reader, mut found) = (FrameReader::new(limit), Vec::new());
    for mut piece in pieces {
        loop {
            match reader.next(&mut piece) {
                Ok(Some(message)) => found.push(message.to_vec()),
                Ok(None) => break,
                Err(_) => return (found, false),
            }
        }
    }
    (found, reader.finish().is_ok())
}

fn elements<'p>(pieces: impl IntoIterator<Item = &'p [u8]>, lenient: bool) -> Read {
    let (mut reader, mut found) = (Elements::new(u32::MAX, lenient), Vec::new());
    for mut piece in pieces {
        loop {
            match reader.next(&mut piece) {
                Ok(Some(element)) => found.push(element.to_vec()),
                Ok(None) => break,
                Err(_) => return (found, false),
            }
        }
    }
    (found, reader.finish().is_ok())
}

/// Bytes that mean something to who reads them, more often than chance would have it.
fn likely(alphabet: &'static [u8]) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![9 => prop::sample::select(alphabet), 1 => any::<u8>()];
    prop::collection::vec(byte, 0..60)
}

proptest! {
    #[test]
    fn frames_do_not_depend_on_where_a_body_is_cut(
        bytes in likely(b"\0\0\0\0\0\0\x01\x02\x03a"),
        size in 1..8_usize,
    ) {
        let whole = frames([bytes.as_slice()], 20);
        prop_assert_eq!(&frames(bytes.chunks(size), 20), &whole);
        for cut in 0..=bytes.len() {
            prop_assert_eq!(&frames([&bytes[..cut], &bytes[cut..]], 20), &whole, "cut at {}", cut);
        }
    }

    #[test]
    fn elements_do_not_depend_on_where_a_body_is_cut(
        bytes in likely(b"[[]]{}\"\"'\\,,: 1a"),
        lenient in any::<bool>(),
        size in 1..8_usize,
    ) {
        for bytes in [bytes.clone(), [b"[", bytes.as_slice()].concat()] {
            let whole = elements([bytes.as_slice()], lenient);
            prop_assert_eq!(&elements(bytes.chunks(size), lenient), &whole);
            for cut in 0..=bytes.len() {
                prop_assert_eq!(&elements([&bytes[..cut], &bytes[cut..]], lenient), &whole, "cut at {}", cut);
            }
        }
    }

    #[test]
    fn templates_are_parsed_or_refused_and_paths_found_or_not(
        templates in prop::collection::vec(likely(b"///{}{}=***:.ab_"), 1..6),
        path in likely(b"///:ab%2f.?"),
        unregistered in any::<bool>(),
    ) {
        let mut matcher = PathMatcher::new(unregistered);
        for (value, template) in templates.iter().enumerate() {
            // One that begins as templates have to gets further.
            for text in [String::from_utf8_lossy(template).into_owned(), format!("/{}", String::from_utf8_lossy(template))] {
                if let Ok(template) = Template::parse(&text) {
                    matcher.insert("GET", &template, value as u32);
                }
            }
        }
        if let PathMatch::Found(value, found) = matcher.find(b"GET", &path) {
            prop_assert!((value as usize) < templates.len());
            prop_assert!(found.len() <= path.len());
        }
        let _ = matcher.find(&path, b"/a");
    }

    #[test]
    fn escapes_are_undone_or_left(text in likely(b"%%%2fF00gz+a/"), plus in any::<bool>()) {
        for spec in [
            UnescapeSpec::AllCharactersExceptReserved,
            UnescapeSpec::AllCharactersExceptSlash,
            UnescapeSpec::AllCharacters,
        ] {
            prop_assert!(unescape(&text, spec, plus).len() <= text.len());
        }
    }

    #[test]
    fn what_an_upstream_sends_beside_messages_is_read_or_not(bytes in any::<Vec<u8>>(), text in likely(b"%%0123456789aFSmunH=-_+/")) {
        for bytes in [&bytes, &text] {
            let _ = (Code::parse(bytes).map(Code::http), decode_message(bytes), decode_binary(bytes));
            let _ = (parse_grpc_timeout(bytes), HttpRule::decode(bytes).is_ok(), field_at(bytes, &[1, 2]).is_ok());
            let _ = HttpBody::read(bytes).is_ok();
            if let Some(timeout) = parse_timeout(bytes) {
                prop_assert!(parse_grpc_timeout(grpc_timeout(timeout).as_bytes()).is_some(), "{:?}", timeout);
            }
        }
    }
}

#[test]
fn sixty_four_thousand_slashes_are_one_lookup() {
    let mut matcher = PathMatcher::new(true);
    let templates = ["/**", "/a/**/b", "/a/**/b/*/c", "/{x=a/*/**}/d:verb", "/*/*/*/*/**", "/{x=**}:other"];
    for (value, template) in templates.into_iter().enumerate() {
        if let Ok(template) = Template::parse(template) {
            matcher.insert("GET", &template, value as u32);
        }
    }
    for part in ["/", "/a", "/a/b", "/b", "/:", "/%2f", ":"] {
        let path = format!("/a{}", part.repeat(64_000));
        for end in ["", "/b", "/d:verb", "/c/", ":other", "/d:none"] {
            let _ = matcher.find(b"GET", format!("{path}{end}").as_bytes());
        }
    }
    let _ = Template::parse(&"/a".repeat(64_000)).is_ok();
    let _ = Template::parse(&format!("/{}", "{a=".repeat(64_000))).is_ok();
    let _ = Template::parse(&(0..64_000).map(|index| format!("/{{a{index}}}")).collect::<String>()).is_ok();
    let _ = Template::parse(&format!("/{{{}}}", "a.".repeat(64_000))).is_ok();
}

#[test]
fn a_megabyte_byte_by_byte_is_read_in_one_pass() {
    let mut frame = Vec::new();
    let start = begin_frame(&mut frame);
    frame.extend(std::iter::repeat_n(b'x', MEGABYTE));
    end_frame(&mut frame, start);
    let (found, ends) = frames(frame.chunks(1), u32::MAX);
    assert_eq!((found.len(), found[0].len(), ends), (1, MEGABYTE, true));
    let small = b"\0\0\0\0\0".repeat(MEGABYTE / 5);
    assert_eq!(frames([small.as_slice()], 10).0.len(), MEGABYTE / 5);

    for part in ["x", "\\\"", "[", "{\"a\":", " "] {
        let text = format!("[\"{}\",{}]", part.repeat(MEGABYTE / part.len()), "[1,{\"a\":\"]\"}],".repeat(1000) + "1");
        let whole = elements([text.as_bytes()], false);
        assert_eq!((whole.0.len(), whole.1), (1002, true));
        assert_eq!(elements(text.as_bytes().chunks(1), false), whole);
    }
    let nested = "[".repeat(MEGABYTE);
    let _ = elements(nested.as_bytes().chunks(7), true);
    let escapes = "%41".repeat(MEGABYTE);
    assert_eq!(unescape(escapes.as_bytes(), UnescapeSpec::AllCharacters, false).len(), MEGABYTE);
}
