//! The codec as a module that a benchmark calls: `benches/codec` builds it as filters are built, and has Node run it.
//!
//! The caller asks for room with `reserve`, writes there, and then says what that was: a descriptor set (`compile`), the
//! name of a message (`select`), or the input of conversions (`to_json`, `to_wire`), which are done as often as asked for.
//! Each gives back how long the last result was, or 0 where there is none.

use std::cell::RefCell;

use protojson::{Bound, MessageId, ParseOptions, PrintOptions, Schema};

#[derive(Default)]
struct Codec {
    input: Vec<u8>,
    output: Vec<u8>,
    schema: Option<Schema>,
    message: Option<MessageId>,
}

thread_local! {
    static CODEC: RefCell<Codec> = RefCell::default();
}

fn repeat(rounds: u32, mut round: impl FnMut(&mut Codec) -> Option<usize>) -> usize {
    CODEC.with_borrow_mut(|codec| (0..rounds).map(|_| round(codec)).last().flatten().unwrap_or(0))
}

#[unsafe(no_mangle)]
extern "C" fn reserve(length: usize) -> *const u8 {
    CODEC.with_borrow_mut(|codec| {
        codec.input.clear();
        codec.input.resize(length, 0);
        codec.input.as_ptr()
    })
}

#[unsafe(no_mangle)]
extern "C" fn compile(rounds: u32) -> usize {
    repeat(rounds, |codec| {
        codec.schema = Schema::compile(&codec.input).ok();
        codec.schema.as_ref().map(|_| 1)
    })
}

#[unsafe(no_mangle)]
extern "C" fn select() {
    CODEC.with_borrow_mut(|codec| {
        let name = std::str::from_utf8(&codec.input).unwrap_or_default();
        codec.message = codec.schema.as_ref().and_then(|schema| schema.message(name));
    });
}

#[unsafe(no_mangle)]
extern "C" fn to_json(rounds: u32) -> usize {
    repeat(rounds, |Codec { input, output, schema, message }| {
        output.clear();
        protojson::print_message(schema.as_ref()?, (*message)?, input, &PrintOptions::default(), output).ok()?;
        Some(output.len())
    })
}

#[unsafe(no_mangle)]
extern "C" fn to_wire(rounds: u32) -> usize {
    let (options, bound) = (ParseOptions::default(), Bound::default());
    repeat(rounds, |Codec { input, output, schema, message }| {
        output.clear();
        protojson::parse_message(schema.as_ref()?, (*message)?, input, &options, &bound, output).ok()?;
        Some(output.len())
    })
}
