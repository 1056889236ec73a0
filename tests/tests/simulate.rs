//! `weft simulate`: who would get which label and why, whether splits are even, and what is wrong with what it is given.

use std::io::Cursor;

use host_harness::simulate::{Report, Simulation};

/// 2026-12-04 10:00 in Shanghai, a Friday.
const NOW: u64 = 1_796_349_600_000;

fn simulate(configuration: &str, requests: &str) -> (String, Report) {
    let mut simulation = Simulation::new(configuration.as_bytes(), NOW).expect("a configuration");
    let mut each = String::new();
    let mut told = |line: u64, reasons: &[traffic_label_core::Reason], _bytes: u64| {
        let said = traffic_label_core::explanation(reasons);
        each.push_str(&format!("{line}: {}\n", String::from_utf8_lossy(&said)));
    };
    simulation.run(&mut Cursor::new(requests), &mut told).expect("requests");
    (each, simulation.report())
}

#[test]
fn each_request_is_told_its_label_and_why() {
    let configuration = r#"{"labels": [{"name": "lane", "default": "base", "rules": [
        {"name": "iphone", "when": {"user_agent": {"contains": "iPhone13"}}, "value": "gray"},
        {"name": "staff", "when": {"claim": {"role": "staff"}, "source": ["10.0.0.0/8"]}, "value": "gray"},
        {"name": "hours", "when": {"during": {"days": ["fri"], "from": "09:00", "to": "18:00", "zone": "Asia/Shanghai"},
            "query": {"early": {"present": true}}}, "value": "gray"}]}]}"#;
    let requests = r#"
        {"headers": {"user-agent": "Mozilla (iPhone13)"}}
        {"claims": {"role": "staff"}, "source": "10.1.2.3"}
        {"claims": {"role": "staff"}, "source": "192.0.2.1"}
        {"path": "/?early"}
        {"path": "/?early", "time": "2026-12-05T10:00:00Z"}
        {"headers": {"lane": "gray"}}
    "#;
    let (each, report) = simulate(configuration, requests);
    insta::assert_snapshot!(each, @r"
    2: lane=gray; from=rule; rule=iphone
    3: lane=gray; from=rule; rule=staff
    4: lane=base; from=default
    5: lane=gray; from=rule; rule=hours
    6: lane=base; from=default
    7: lane=base; from=default
    ");
    insta::assert_snapshot!(report, @r"
    6 requests

    lane
      base          3   50.00 %
      gray          3   50.00 %
      from: default 3, rule 3
      rules: hours 1, iphone 1, staff 1
    ");
}

#[test]
fn a_split_is_even_and_every_user_keeps_the_value() {
    let configuration = r#"{"labels": [{"name": "lane", "rules": [
        {"name": "exp", "split": {"unit": [{"cookie": "uid"}], "seed": "s", "weights": [{"gray": 10}, {"base": 90}]}}]}]}"#;
    let requests: String =
        (0..20_000).map(|n| format!("{{\"headers\": {{\"cookie\": \"uid={}\"}}}}\n", n % 5000)).collect();
    let (_, report) = simulate(configuration, &requests);
    insta::assert_snapshot!(report, @r"
    20000 requests

    lane
      base      18100   90.50 %
      gray       1900    9.50 %
      from: rule 20000
      rules: exp 20000
      split exp: 20000 requests of 5000 users, buckets even (chi-square p = 0.255), every user always had the same value
    ");
    assert!(!report.has_mismatch());
}

#[test]
fn a_split_whose_users_are_not_recorded_evenly_is_a_mismatch() {
    // Of some classes no request is recorded, as when a cache answers those.
    let configuration = r#"{"labels": [{"name": "lane", "rules": [
        {"name": "exp", "split": {"unit": [{"cookie": "uid"}], "hash": "crc32", "modulo": 100, "weights": [{"gray": 10}, {"base": 90}]}}]}]}"#;
    let request = |uid: String| format!("{{\"headers\": {{\"cookie\": \"uid={uid}\"}}}}\n");
    let requests: String = (0..20_000u64).filter(|n| crc_class(*n) < 30).map(|n| request(n.to_string())).collect();
    let (_, report) = simulate(configuration, &requests);
    assert!(report.has_mismatch(), "{report}");
    assert!(report.to_string().contains("SAMPLE RATIO MISMATCH"), "{report}");
}

/// The class of a number's digits among a hundred by CRC-32, computed bit by bit.
fn crc_class(number: u64) -> u32 {
    let mut crc = u32::MAX;
    for byte in number.to_string().bytes() {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc % 100
}

#[test]
fn a_user_who_grows_into_a_ramp_is_said_to_have_moved() {
    let configuration = r#"{"labels": [{"name": "lane", "default": "base", "rules": [{"name": "ramp", "value": "gray",
        "when": {"ramp": {"from": {"at": "2026-12-01T00:00:00Z", "percent": 0}, "to": {"at": "2026-12-03T00:00:00Z", "percent": 100},
            "unit": [{"cookie": "uid"}], "seed": "s"}}}]}]}"#;
    let request = |uid: u32, day: u32| {
        format!("{{\"headers\": {{\"cookie\": \"uid={uid}\"}}, \"time\": \"2026-12-0{day}T00:00:00Z\"}}\n")
    };
    let requests: String = (1..=3).flat_map(|day| (0..100).map(move |uid| request(uid, day))).collect();
    let (_, report) = simulate(configuration, &requests);
    let values: Vec<_> = report.labels[0].values.iter().map(|value| (value.value.as_str(), value.requests)).collect();
    assert_eq!(values.len(), 2);
    assert!((30..=70).contains(&(values[1].1 - 100)), "half of the users on the second day: {values:?}");
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let failure = Simulation::new(br#"{"labels": []}"#, NOW).err().expect("no labels");
    insta::assert_snapshot!(failure, @"expected labels (or rules, as a TrafficLabel has them), but found none (line 1 column 1)");
    let mut simulation = Simulation::new(br#"{"labels": [{"name": "lane"}]}"#, NOW).expect("a configuration");
    let failure = simulation.run(&mut Cursor::new("{}\n\n{\"path\": 1}\n"), &mut |_, _, _| {}).expect_err("a number");
    insta::assert_snapshot!(failure, @"line 3: expected a request as a JSON object, but found: invalid type: integer `1`, expected a string at line 1 column 10");
}
