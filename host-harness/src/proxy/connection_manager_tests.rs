//! What reaches the filters and what reaches the client; each expectation was seen on a real Envoy 1.40.0.

use std::net::Ipv4Addr;

use super::*;
use crate::envoy::LogLine;

/// Random bytes that are all ones, so that the fixed bits of a UUID show.
struct Ones;

impl Environment for Ones {
    fn unix_nanos(&self) -> u64 {
        0
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(0xff);
    }

    fn log(&self, _line: LogLine) {}
}

const MESH: Manager = Manager { adds: true, edge: false };
const EDGE: Manager = Manager { adds: true, edge: true };
const BARE: Manager = Manager { adds: false, edge: false };

fn listing(headers: &HeaderMap) -> String {
    headers.iter().map(|(name, value)| format!("{}: {}\n", name.escape_ascii(), value.escape_ascii())).collect()
}

fn admit(manager: Manager, target: &str, fields: &[(&str, &[u8])]) -> Result<String, Refusal> {
    let mut request = http::Request::builder().uri(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let (parts, ()) = request.body(()).expect("a request").into_parts();
    manager.admit(&parts, IpAddr::V4(Ipv4Addr::LOCALHOST), &Ones).map(|headers| listing(&headers))
}

#[test]
fn a_mesh_listener_adds_an_id_and_drops_what_belongs_to_the_connection() {
    let fields: [(&str, &[u8]); 8] = [
        ("host", b"a.test:80"),
        ("connection", b"x-foo"),
        ("x-foo", b"1"),
        ("keep-alive", b"5"),
        ("te", b"trailers, deflate"),
        ("expect", b"100-continue"),
        ("x-forwarded-for", b"1.2.3.4"),
        ("x-bytes", b"\xff\xfe"),
    ];
    insta::assert_snapshot!(admit(MESH, "/a?b", &fields).expect("admitted"), @r"
    :authority: a.test:80
    :path: /a?b
    :method: GET
    :scheme: http
    te: trailers
    x-forwarded-for: 1.2.3.4
    x-bytes: \xff\xfe
    x-forwarded-proto: http
    x-request-id: ffffffff-ffff-4fff-bfff-ffffffffffff
    ");
}

#[test]
fn an_absolute_target_names_the_authority() {
    let admitted = admit(BARE, "http://b.test:8001/x", &[("host", b"a.test")]).expect("admitted");
    insta::assert_snapshot!(admitted, @r"
    :authority: b.test:8001
    :path: /x
    :method: GET
    :scheme: http
    x-forwarded-proto: http
    ");
}

#[test]
fn a_gateway_believes_nothing_that_a_client_says_about_itself() {
    let fields: [(&str, &[u8]); 6] = [
        ("host", b"a.test"),
        ("x-forwarded-for", b"1.2.3.4"),
        ("x-forwarded-proto", b"https"),
        ("x-request-id", b"mine"),
        ("x-envoy-expected-rq-timeout-ms", b"3"),
        ("x-envoy-foo", b"kept"),
    ];
    insta::assert_snapshot!(admit(EDGE, "/", &fields).expect("admitted"), @r"
    :authority: a.test
    :path: /
    :method: GET
    :scheme: http
    x-forwarded-for: 1.2.3.4,127.0.0.1
    x-envoy-foo: kept
    x-envoy-external-address: 127.0.0.1
    x-forwarded-proto: http
    x-request-id: ffffffff-ffff-4fff-bfff-ffffffffffff
    ");
}

#[test]
fn what_is_no_request_is_refused_before_the_filters() {
    let large = vec![b'a'; REQUEST_HEADERS_LIMIT];
    let host: (&str, &[u8]) = ("host", b"a");
    let status = |target, fields: &[(&str, &[u8])]| admit(MESH, target, fields).map_err(|it| it.status.as_u16());
    assert_eq!(status("/", &[]), Err(400));
    assert_eq!(status("/", &[host, ("x-large", &large)]), Err(431));
    assert_eq!(status("/", &[host, ("connection", b"Upgrade"), ("upgrade", b"websocket")]), Err(403));
    let many: Vec<(&str, &[u8])> = std::iter::repeat_n(("x-many", &b"1"[..]), 101).chain([host]).collect();
    assert_eq!(status("/", &many), Err(431));
}

#[test]
fn a_response_gets_its_date_and_its_server() {
    let response =
        || HeaderMap::from_pairs([(":status", "200"), ("date", "then"), ("server", "own"), ("connection", "close")]);
    let mut mesh = response();
    MESH.answered(&mut mesh, Duration::from_millis(7));
    MESH.release(&mut mesh);
    insta::assert_snapshot!(listing(&mesh), @r"
    :status: 200
    date: then
    server: envoy
    x-envoy-upstream-service-time: 7
    ");
    let mut bare = response();
    BARE.answered(&mut bare, Duration::from_millis(7));
    BARE.release(&mut bare);
    insta::assert_snapshot!(listing(&bare), @r"
    :status: 200
    date: then
    server: own
    ");
}
