//! The services in `tests/protos`: their descriptor set, as `protoc --include_imports` would write it, and a pool of it.

use std::sync::OnceLock;

use prost_reflect::DescriptorPool;

/// A serialized `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/protos.binpb"));

/// The same, to read and build messages by name.
pub fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| DescriptorPool::decode(DESCRIPTOR_SET).expect("the descriptor set that the build script wrote"))
}
