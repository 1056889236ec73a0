//! What conversions cost, beside prost-reflect, which does the same with a message in between, and beside
//! `serde_json::Value`, which knows no schema: the same JSON to and from a tree.
//!
//! ```text
//! cargo bench -p protojson                  # everything, natively and then as Wasm
//! cargo bench -p protojson -- to_json       # one direction, natively
//! ```
//!
//! The first table is divan's: time for one conversion, and bytes of JSON per second. The second one is the same code,
//! compiled as filters are (`examples/codec.rs`) and run by Node, whose V8 is Envoy's; it is left out where there is no
//! `node`, or with a filter. Its columns are the fastest and the median of its samples; compare each with the row of the
//! same name above, the fastest with the fastest. What to aim at: a fifth of prost-reflect's time or less, and less than 50 ms for the
//! schema of a thousand methods as Wasm.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a benchmark reports and may panic")]
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

mod wasm;
mod workload;

use std::sync::LazyLock;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use prost_reflect::DynamicMessage;
use prost_reflect::prost::Message;
use protojson::{Bound, MessageId, ParseOptions, PrintOptions, Schema};
use workload::Workload;

static WORKLOADS: LazyLock<Vec<Workload>> = LazyLock::new(workload::all);
const NAMES: [&str; 4] = ["1 result", "100 results", "10000 results", "nested 30 KB"];

fn main() {
    divan::main();
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if arguments == ["--bench"] {
        wasm::main(&WORKLOADS);
    }
}

fn named(name: &str) -> &'static Workload {
    WORKLOADS.iter().find(|workload| workload.name == name).unwrap()
}

fn ours(workload: &Workload) -> (Schema, MessageId) {
    let schema = Schema::compile(&workload.descriptor_set).unwrap();
    let message = schema.message(workload.message.full_name()).unwrap();
    (schema, message)
}

#[divan::bench_group(max_time = 1)]
mod to_json {
    use super::*;

    #[divan::bench(args = NAMES)]
    fn ours(bencher: Bencher, name: &str) {
        let workload = named(name);
        let (schema, message) = super::ours(workload);
        let mut out = Vec::new();
        bencher.counter(BytesCount::of_str(&workload.json)).bench_local(|| {
            out.clear();
            let wire = black_box(&workload.wire);
            protojson::print_message(&schema, message, wire, &PrintOptions::default(), &mut out).unwrap();
            out.len()
        });
    }

    #[divan::bench(args = NAMES)]
    fn prost_reflect(bencher: Bencher, name: &str) {
        let workload = named(name);
        bencher.counter(BytesCount::of_str(&workload.json)).bench_local(|| {
            let message =
                DynamicMessage::decode(workload.message.clone(), black_box(workload.wire.as_slice())).unwrap();
            serde_json::to_vec(&message).unwrap()
        });
    }

    #[divan::bench(args = NAMES)]
    fn serde_json_value(bencher: Bencher, name: &str) {
        let workload = named(name);
        let value: serde_json::Value = serde_json::from_str(&workload.json).unwrap();
        bencher
            .counter(BytesCount::of_str(&workload.json))
            .bench_local(|| serde_json::to_vec(black_box(&value)).unwrap());
    }
}

#[divan::bench_group(max_time = 1)]
mod to_wire {
    use super::*;

    #[divan::bench(args = NAMES)]
    fn ours(bencher: Bencher, name: &str) {
        let workload = named(name);
        let (schema, message) = super::ours(workload);
        let mut out = Vec::new();
        bencher.counter(BytesCount::of_str(&workload.json)).bench_local(|| {
            out.clear();
            let json = black_box(workload.json.as_bytes());
            protojson::parse_message(&schema, message, json, &ParseOptions::default(), &Bound::default(), &mut out)
                .unwrap();
            out.len()
        });
    }

    #[divan::bench(args = NAMES)]
    fn prost_reflect(bencher: Bencher, name: &str) {
        let workload = named(name);
        bencher.counter(BytesCount::of_str(&workload.json)).bench_local(|| {
            let mut reader = serde_json::Deserializer::from_str(black_box(&workload.json));
            DynamicMessage::deserialize(workload.message.clone(), &mut reader).unwrap().encode_to_vec()
        });
    }

    #[divan::bench(args = NAMES)]
    fn serde_json_value(bencher: Bencher, name: &str) {
        let workload = named(name);
        bencher
            .counter(BytesCount::of_str(&workload.json))
            .bench_local(|| serde_json::from_str::<serde_json::Value>(black_box(&workload.json)).unwrap());
    }
}

#[divan::bench_group(max_time = 1)]
mod schema {
    use super::*;

    #[divan::bench]
    fn a_thousand_methods(bencher: Bencher) {
        let descriptor_set = workload::methods(1000);
        bencher
            .counter(BytesCount::of_slice(&descriptor_set))
            .bench_local(|| Schema::compile(black_box(&descriptor_set)));
    }
}
