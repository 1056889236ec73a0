//! Signed labels, and the kill switch.

use crate::pod::{Inbound, Outbound, Pod, gateway, metrics, sidecar};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SIGNED: &str =
    r#"{"labels": [{"name": "lane", "default": "base", "sign": {"keys": ["0123456789abcdef"], "max_age": "1m"}}]}"#;
const TRACE: (&str, &[u8]) = ("x-b3-traceid", b"80f198ee56343ba864fe8b2a57d3eff7");

#[test]
fn a_sidecar_believes_only_labels_that_the_mesh_has_signed() {
    let mut pod = Pod::at(1_700_000_000_000);
    let sent = pod.send(&mut gateway(SIGNED), Outbound, &[]);
    let signature = sent.lines().find_map(|line| line.strip_prefix("lane-signature: ")).unwrap().to_owned();
    assert!(sent.ends_with("lane: base"), "{sent}");

    let mut policy = sidecar(SIGNED);
    let signed = [TRACE, ("lane", &b"base"[..]), ("lane-signature", signature.as_bytes())];
    assert_eq!(pod.send(&mut policy, Inbound, &signed), "");
    assert_eq!(metrics(&mut policy), "");
    for (name, forged) in [
        ("another value", [("lane", &b"gray"[..]), ("lane-signature", signature.as_bytes())]),
        ("another signature", [("lane", b"base"), ("lane-signature", b"1700000000.00000000000000000000000000000000")]),
    ] {
        assert_eq!(pod.send(&mut policy, Inbound, &forged), "-lane\n-lane-signature", "{name}");
    }
    assert_eq!(pod.send(&mut policy, Inbound, &[("lane", b"gray")]), "-lane", "no signature at all");
    assert_eq!(metrics(&mut policy), "lane.forged 3");
    pod.wait(62_000);
    assert_eq!(pod.send(&mut policy, Inbound, &signed), "-lane\n-lane-signature", "too old");
}

#[test]
fn a_sidecar_signs_what_it_sends() {
    let mut pod = Pod::at(1_700_000_000_000);
    let mut policy = sidecar(SIGNED);
    let sent = pod.send(&mut policy, Outbound, &[TRACE, ("lane", b"gray")]);
    let signature = sent.strip_prefix("lane-signature: ").unwrap();
    let next = [TRACE, ("lane", &b"gray"[..]), ("lane-signature", signature.as_bytes())];
    assert_eq!(pod.send(&mut sidecar(SIGNED), Inbound, &next), "");
}

#[test]
fn a_lane_that_fails_gives_way_to_the_baseline_until_probes_succeed() {
    let json = r#"{"labels": [{"name": "lane", "client": "accept", "values": {"exact": ["base", "gray"]},
        "guard": {"baseline": "base", "limit": 20, "recover": 5, "probe": 10, "minimum": 10}}]}"#;
    let (mut pod, mut policy) = (Pod::default(), gateway(json));
    let gray = [("lane", &b"gray"[..])];
    for _ in 0..10 {
        assert_eq!(pod.exchange(&mut policy, Outbound, &gray, b"503").0, "");
    }
    let forced = (0..100).filter(|_| pod.exchange(&mut policy, Outbound, &gray, b"200").0 == "lane: base").count();
    assert_eq!(forced, 90, "one in ten probes");
    assert_eq!(pod.exchange(&mut policy, Outbound, &gray, b"200").0, "", "ten good probes");
    assert_eq!(pod.exchange(&mut policy, Outbound, &[("lane", b"base")], b"503").0, "");
    assert_eq!(
        metrics(&mut policy),
        "lane.guard_opened 1\nlane.guard_closed 1\nlane.from.request 22\nlane.from.guard 90\n\
         lane.value.base 91\nlane.value.gray 21"
    );
}
