//! Answers the official Protocol Buffers conformance suite: what has JSON on one side is put to `protojson`, everything
//! else is skipped. `tests/conformance/run` starts it.
//!
//! The suite writes requests to standard input, each behind its length in four little-endian bytes, and reads as many
//! answers from standard output; both are messages of `conformance/conformance.proto`, as far as they are needed here.
//! The schema of the messages under test is the file that `CONFORMANCE_SCHEMA` names.

mod exchange;

use std::io::{self, Read, Write};

use exchange::{Request, Response};
use prost::Message;
use protojson::Schema;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::var_os("CONFORMANCE_SCHEMA").ok_or("expected CONFORMANCE_SCHEMA to name a descriptor set")?;
    let schema = Schema::compile(&std::fs::read(path)?)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    while let Some(request) = read(&mut input)? {
        let response = Response { verdict: Some(exchange::answer(&schema, &Request::decode(request.as_slice())?)) };
        let response = response.encode_to_vec();
        output.write_all(&u32::try_from(response.len())?.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
    Ok(())
}

/// The next request, or `None` at the end of the input.
fn read(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut request = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut request)?;
    Ok(Some(request))
}
