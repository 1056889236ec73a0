//! The header-propagation module in the embedded engine: what it costs, and how its store behaves under pressure.

use std::time::Duration;

use host_harness::envoy::TraceEntry;
use suite::sidecar::Sidecar;

fn host_calls(trace: &[TraceEntry]) -> Vec<&str> {
    let entries = trace.iter().filter(|entry| entry.callback == "proxy_on_request_headers");
    entries.flat_map(|entry| entry.calls.iter().map(|call| call.function)).collect()
}

const PROPAGATE: &str = r#"{"propagate": {"exact": ["route-v"]}}"#;

#[test]
fn a_header_that_came_in_goes_out_on_another_worker() {
    let mut sidecar = Sidecar::with("header-propagation", PROPAGATE, 2);
    let id = ("x-b3-traceid", "463ac35c9f6413ad48485a3953bb6124");
    sidecar.send(0, "inbound", &[id, ("route-v", "v2")]);
    let (out, _) = sidecar.send(1, "outbound", &[id]);
    assert_eq!(out.get(b"route-v"), Some(&b"v2"[..]));
    let (other, _) = sidecar.send(1, "outbound", &[("x-b3-traceid", "000000000000000048485a3953bb0000")]);
    assert_eq!(other.get(b"route-v"), None);
}

#[test]
fn a_request_with_nothing_to_propagate_costs_at_most_two_host_calls() {
    let mut sidecar = Sidecar::with("header-propagation", PROPAGATE, 1);
    let id = ("x-request-id", "a8d1c0a8-5d0d-4f0e-9c3b-0d7b7a7f7f10");
    for (listener, headers) in [
        ("inbound", &[][..]),
        ("outbound", &[]),
        ("inbound", &[id]),
        ("outbound", &[id]),
        ("inbound", &[("route-v", "v2")]),
    ] {
        let (_, trace) = sidecar.send(0, listener, headers);
        let calls = host_calls(&trace);
        assert!(calls.len() <= 2, "{listener} {headers:?}: {calls:?}");
    }
}

#[test]
fn ten_thousand_traces_through_256_entries_keep_memory_flat_and_live_requests_hit() {
    const LIVE: usize = 32;
    let configuration = r#"{"propagate": {"exact": ["route-v"]}, "store": {"slots": 128, "ways": 2}}"#;
    let mut sidecar = Sidecar::with("header-propagation", configuration, 2);
    let id = |number: usize| {
        format!("{:032x}", (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
    };
    let (mut hits, mut asked, mut peak) = (0, 0, (0, 0));
    for number in 0..10_000 {
        let lane = format!("lane-{}", number % 7);
        sidecar.send(number % 2, "inbound", &[("x-b3-traceid", &id(number)), ("route-v", &lane)]);
        let size = sidecar.process.shared_data_size();
        peak = (peak.0.max(size.0), peak.1.max(size.1));
        // Each request makes its call while LIVE others are under way.
        let Some(caller) = number.checked_sub(LIVE) else { continue };
        let (out, _) = sidecar.send((caller + 1) % 2, "outbound", &[("x-b3-traceid", &id(caller))]);
        asked += 1;
        if let Some(found) = out.get(b"route-v") {
            assert_eq!(found, format!("lane-{}", caller % 7).as_bytes(), "a lane of another request");
            hits += 1;
        }
        if number % 1000 == 0 {
            sidecar.pass(Duration::from_millis(5));
        }
    }
    sidecar.pass(Duration::from_secs(6));
    println!(
        "256 entries, {LIVE} live requests, 10000 traces: {hits} of {asked} calls hit ({:.2} %), \
         {} keys and {} bytes of shared data at most",
        100.0 * f64::from(hits) / f64::from(asked),
        peak.0,
        peak.1
    );
    assert!(peak.0 <= 128 && peak.1 <= 128 * 1024, "the store grew to {peak:?}");
    assert!(f64::from(hits) >= 0.9 * f64::from(asked), "only {hits} of {asked} calls hit");
    assert_eq!(sidecar.counter("hit"), u64::try_from(hits).expect("no negative count"));
}
