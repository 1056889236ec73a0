//! The functions behind `proxy_call_foreign_function` that work on bytes alone: `compress` and `uncompress` (zlib).
//!
//! `clear_route_cache` needs the stream and is in the host itself. The rest of Envoy's list is known and not modelled.

use std::io::Read;

use flate2::Compression;
use flate2::read::{ZlibDecoder, ZlibEncoder};

use crate::abi::Status;

const NOT_MODELLED: [&[u8]; 7] = [
    b"declare_property",
    b"expr_create",
    b"expr_delete",
    b"expr_evaluate",
    b"set_envoy_filter_state",
    b"sign",
    b"verify_signature",
];

pub(super) fn call(name: &[u8], arguments: &[u8]) -> Result<Vec<u8>, Status> {
    match name {
        b"compress" => read(ZlibEncoder::new(arguments, Compression::default())),
        b"uncompress" => read(ZlibDecoder::new(arguments)),
        name if NOT_MODELLED.contains(&name) => Err(Status::Unimplemented),
        _ => Err(Status::NotFound),
    }
}

fn read(mut stream: impl Read) -> Result<Vec<u8>, Status> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).map_err(|_| Status::SerializationFailure)?;
    Ok(bytes)
}
