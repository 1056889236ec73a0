//! Gateways: a client's own labels are taken away, and the label is decided.

use crate::pod::{Outbound, Pod, gateway, metrics};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn the_header_that_a_source_names_becomes_the_label() {
    let json = r#"{"rules": [{"labels": [{"name": "userdefinelabel1", "valueFrom": ["$getContext(x-b3-traceid)", "$localLabel"]}]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), gateway(json));
    let tag = ("x-asm-prefer-tag", &b"version-gray"[..]);
    assert_eq!(pod.send(&mut policy, Outbound, &[tag]), "userdefinelabel1: version-gray");
    assert_eq!(pod.calls(), 2, "the head and the edit");
    assert_eq!(pod.send(&mut policy, Outbound, &[]), "");
    assert_eq!(pod.calls(), 1);
}

#[test]
fn a_clients_own_label_is_stripped_unless_it_may_choose() {
    let strips = r#"{"labels": [{"name": "lane", "carriers": ["header", "baggage"]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), gateway(strips));
    let head = [("lane", &b"gray"[..]), ("baggage", b"lane=gray,user=1")];
    assert_eq!(pod.send(&mut policy, Outbound, &head), "-lane\nbaggage: user=1");
    assert_eq!(pod.send(&mut policy, Outbound, &[("baggage", b"lane=gray")]), "-baggage");
    assert_eq!(metrics(&mut policy), "lane.stripped 2");

    let accepts = r#"{"labels": [{"name": "lane", "client": "accept", "default": "base"}]}"#;
    let (mut pod, mut policy) = (Pod::default(), gateway(accepts));
    assert_eq!(pod.send(&mut policy, Outbound, &[("lane", b"gray")]), "");
    assert_eq!(pod.send(&mut policy, Outbound, &[]), "lane: base");
    assert_eq!(metrics(&mut policy), "lane.from.request 1\nlane.from.default 1\nlane.value.other 2");
}

#[test]
fn a_stripped_label_gives_way_to_the_decision_even_where_it_is_repeated() {
    let json = r#"{"labels": [{"name": "lane", "default": "base"}]}"#;
    let (mut pod, mut policy) = (Pod::default(), gateway(json));
    assert_eq!(pod.send(&mut policy, Outbound, &[("lane", b"gray")]), "lane: base");
    assert_eq!(pod.send(&mut policy, Outbound, &[("lane", b"base"), ("lane", b"gray")]), "lane: base");
    assert_eq!(pod.send(&mut policy, Outbound, &[("lane", b"base")]), "", "nothing changes, so the route stays");
}

#[test]
fn a_label_that_only_the_filter_state_has_is_stripped_all_the_same() {
    let json = r#"{"labels": [{"name": "lane", "default": "base", "filter_state": true, "carriers": ["store"]}]}"#;
    let (mut pod, mut policy) = (Pod::default(), gateway(json));
    assert_eq!(pod.send(&mut policy, Outbound, &[("lane", b"gray")]), "-lane\nwasm.lane = base");
}

#[test]
fn requests_to_other_hosts_get_no_label_and_keep_none() {
    let json = r#"{"labels": [{"name": "lane", "default": "base"}], "hosts": ["shop.test"]}"#;
    let (mut pod, mut policy) = (Pod::default(), gateway(json));
    assert_eq!(pod.send(&mut policy, Outbound, &[(":authority", b"shop.test:8001")]), "lane: base");
    assert_eq!(pod.send(&mut policy, Outbound, &[(":authority", b"b.test"), ("lane", b"gray")]), "-lane");
}
