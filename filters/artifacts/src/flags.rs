//! What filters are compiled with beside the profile; whoever would make the same modules needs to know.

/// SHA-256 with a loop for its rounds, a tenth of the code; what is hashed here are a few dozen bytes of some requests.
const COMPACT_HASH: [&str; 2] = ["--cfg", "sha2_backend_soft=\"compact\""];

/// What is compiled for size calls whatever is more than one instruction, even the closures of an iterator. Seven have the
/// smallest modules, and no slower ones: `traffic-label` needs about a tenth less time for a request.
const INLINE_SEVEN: &str = "-Cllvm-args=-inline-threshold=35";

/// The flags of rustc for a filter.
pub fn flags(filter: &str) -> Vec<&'static str> {
    let mut flags = COMPACT_HASH.to_vec();
    // Its codec is compiled for speed, where so little would cost a quarter of the time.
    if filter != "grpc-json-transcoder" {
        flags.push(INLINE_SEVEN);
    }
    flags
}
