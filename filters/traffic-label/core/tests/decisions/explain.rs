//! Explanations: who gets them, and what they say.

use crate::pod::{Inbound, Outbound, Pod, gateway, sidecar};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EXPLAINED: &str = r#"{"labels": [
    {"name": "lane", "rules": [{"name": "iphone", "when": {"user_agent": {"contains": "iPhone13"}}, "value": "gray"}]},
    {"name": "team", "rules": [{"split": {"unit": [{"cookie": "uid"}], "seed": "s", "weights": [{"a": 100}]}}], "default": "none"}],
    "explain": {"when": {"header": {"x-debug": "secret"}}}}"#;
const ASKS: (&str, &[u8]) = ("x-debug", b"secret");

#[test]
fn whoever_may_ask_is_told_rule_unit_and_bucket() {
    let (mut pod, mut policy) = (Pod::default(), gateway(EXPLAINED));
    let head = [ASKS, ("user-agent", &b"iPhone13"[..]), ("cookie", b"uid=eric")];
    let told = pod.exchange(&mut policy, Outbound, &head, b"200").1;
    let told = told.strip_prefix("+x-label-explain: lane=gray; from=rule; rule=iphone, team=a; from=rule; rule=0; ");
    let bucket = told.and_then(|rest| rest.strip_prefix("unit=cookie uid; bucket=")).map(str::parse::<u32>);
    assert!(matches!(bucket, Some(Ok(0..10_000))), "{told:?}");
    let others = [("x-debug", &b"guess"[..]), ("user-agent", b"iPhone13")];
    assert_eq!(pod.exchange(&mut policy, Outbound, &others, b"200").1, "");
}

#[test]
fn the_result_of_the_store_is_told() {
    let json = r#"{"labels": [{"name": "lane", "default": "base"}], "explain": {"header": "x-why", "when": {"header": {"x-debug": "secret"}}}}"#;
    let (mut pod, mut policy) = (Pod::default(), sidecar(json));
    let trace = ("x-b3-traceid", &b"80f198ee56343ba864fe8b2a57d3eff7"[..]);
    let mut ask = |policy: &mut _| pod.exchange(policy, Outbound, &[trace, ASKS], b"200").1;
    assert_eq!(ask(&mut policy), "+x-why: lane=base; from=default; store=miss");
    pod.send(&mut policy, Inbound, &[trace, ("lane", b"gray")]);
    let mut ask = |policy: &mut _| pod.exchange(policy, Outbound, &[trace, ASKS], b"200").1;
    assert_eq!(ask(&mut policy), "+x-why: lane=gray; from=store; store=hit");
    let sets = [trace, ASKS, ("lane", b"blue")];
    assert_eq!(pod.exchange(&mut policy, Outbound, &sets, b"200").1, "+x-why: lane=blue; from=request");
}
