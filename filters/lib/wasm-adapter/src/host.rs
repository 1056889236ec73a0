//! The proxy's services as safe functions that answer with values: absent is `None`, refused is `false`, nothing panics.

use crate::{import, pairs};
use correlation_store::{Cas, SharedSlots, Written};
use http_exchange::{Callout, HeaderEdit, LocalReply};
use std::ptr::null_mut;

pub use log::Level;

const OK: u32 = 0;
const CAS_MISMATCH: u32 = 8;
/// A version that no value has before four thousand million writes. The proxy inserts an absent key whatever version is
/// passed, and compares it with that of a present one unless it is 0, which overwrites.
const ABSENT: Cas = Cas::MAX;

const COUNTER: u32 = 0;
/// The proxy sets no gRPC status for a number outside of 0 to 16.
const NO_GRPC_STATUS: i32 = -1;

/// Memory that the proxy filled, if it said so.
fn received(read: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Option<Vec<u8>> {
    let (mut data, mut size) = (null_mut(), 0);
    let status = read(&mut data, &mut size);
    if status != OK {
        return None;
    }
    if data.is_null() || size == 0 {
        return Some(Vec::new());
    }
    // SAFETY: the proxy asked the module's `malloc` for exactly `size` bytes and hands them over. It made a boxed slice
    // (`dispatch::allocate`), whose layout is that of a vector with capacity and length equal to its size.
    Some(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// One of the proxy's header maps, by its number in the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// The head of the request.
    RequestHeaders = 0,
    /// The trailers of the request.
    RequestTrailers = 1,
    /// The head of the response.
    ResponseHeaders = 2,
    /// The trailers of the response.
    ResponseTrailers = 3,
    /// The head of a callout's answer.
    CallHeaders = 6,
    /// The trailers of a callout's answer.
    CallTrailers = 7,
}

/// One of the proxy's buffers, by its number in the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Buffer {
    /// What is held of the request's body.
    RequestBody = 0,
    /// What is held of the response's body.
    ResponseBody = 1,
    /// The body of a callout's answer.
    CallBody = 4,
    /// The plugin's configuration.
    PluginConfiguration = 7,
}

/// A direction of the current stream, by its number in the ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// Towards the upstream.
    Request = 0,
    /// Towards the client.
    Response = 1,
}

/// All of a header map in one call, as the ABI carries it; [`pairs::decode`] reads it in place. Empty where it does not exist.
pub fn headers(map: Map) -> Vec<u8> {
    // SAFETY: the out-pointers live across the call.
    received(|data, size| unsafe { import::proxy_get_header_map_pairs(map as u32, data, size) }).unwrap_or_default()
}

/// Whether a header map has this header.
pub fn has_header(map: Map, name: &[u8]) -> bool {
    // SAFETY: the name and the out-pointers live across the call.
    let value = received(|data, size| unsafe {
        import::proxy_get_header_map_value(map as u32, name.as_ptr(), name.len(), data, size)
    });
    value.is_some()
}

/// Applies edits to a header map; what the proxy refuses is left as it was.
pub fn edit_headers(map: Map, edits: &[HeaderEdit<'_>]) {
    let map = map as u32;
    for edit in edits {
        // SAFETY: every pointer is that of a slice, with its length, which lives across the call.
        let _status = unsafe {
            match edit {
                HeaderEdit::Set(name, value) => {
                    import::proxy_replace_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len())
                }
                HeaderEdit::Add(name, value) => {
                    import::proxy_add_header_map_value(map, name.as_ptr(), name.len(), value.as_ptr(), value.len())
                }
                HeaderEdit::Remove(name) => import::proxy_remove_header_map_value(map, name.as_ptr(), name.len()),
            }
        };
    }
}

/// All of a buffer in one call; empty where it does not exist.
pub fn buffer(buffer: Buffer) -> Vec<u8> {
    // SAFETY: the out-pointers live across the call.
    received(|data, size| unsafe { import::proxy_get_buffer_bytes(buffer as u32, 0, usize::MAX, data, size) })
        .unwrap_or_default()
}

/// Puts these bytes in place of all that a buffer holds, and says whether the proxy let it happen.
pub fn replace_buffer(buffer: Buffer, bytes: &[u8]) -> bool {
    // SAFETY: the pointer is that of a slice, with its length, which lives across the call.
    let status = unsafe { import::proxy_set_buffer_bytes(buffer as u32, 0, usize::MAX, bytes.as_ptr(), bytes.len()) };
    status == OK
}

/// Lets a half of the current stream go on.
pub fn continue_stream(half: Half) {
    // SAFETY: no pointer is passed.
    let _status = unsafe { import::proxy_continue_stream(half as u32) };
}

/// Sends a request of the plugin's own, and gives the token that its answer comes with, if the proxy did so.
pub fn call(callout: &Callout<'_>) -> Option<u32> {
    let headers = pairs::encode(callout.headers.iter());
    // Without any pairs a serialized map is their count, 0.
    let trailers = [0; 4];
    let mut token = 0;
    // SAFETY: every pointer is that of a slice, with its length, which lives across the call, and so does the out-pointer.
    let status = unsafe {
        import::proxy_http_call(
            callout.cluster.as_ptr(),
            callout.cluster.len(),
            headers.as_ptr(),
            headers.len(),
            callout.body.as_ptr(),
            callout.body.len(),
            trailers.as_ptr(),
            trailers.len(),
            callout.timeout,
            &mut token,
        )
    };
    (status == OK).then_some(token)
}

/// Makes a stream's context the one that calls are about, and says whether the proxy did so.
pub fn set_effective_context(context: u32) -> bool {
    // SAFETY: no pointer is passed.
    let status = unsafe { import::proxy_set_effective_context(context) };
    status == OK
}

/// Answers the request in place of the upstream.
pub fn send_local_reply(reply: &LocalReply<'_>) {
    let headers = pairs::encode(reply.headers.iter().map(|(name, value)| (&name[..], &value[..])));
    // SAFETY: every pointer is that of a slice, with its length, which lives across the call.
    let _status = unsafe {
        import::proxy_send_local_response(
            u32::from(reply.status),
            reply.details.as_ptr(),
            reply.details.len(),
            reply.body.as_ptr(),
            reply.body.len(),
            headers.as_ptr(),
            headers.len(),
            NO_GRPC_STATUS,
        )
    };
}

/// The plugin's configuration; empty where there is none.
pub fn plugin_configuration() -> Vec<u8> {
    buffer(Buffer::PluginConfiguration)
}

/// A property by its path.
pub fn property(path: &[&str]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    for (index, name) in path.iter().enumerate() {
        if index > 0 {
            whole.push(0);
        }
        whole.extend_from_slice(name.as_bytes());
    }
    // SAFETY: the path and the out-pointers live across the call.
    received(|data, size| unsafe { import::proxy_get_property(whole.as_ptr(), whole.len(), data, size) })
}

/// Puts a value into the stream's filter state, under `wasm.<name>`, and says whether the proxy let it happen.
pub fn set_filter_state(name: &str, value: &[u8]) -> bool {
    // SAFETY: name and value live across the call.
    let status = unsafe { import::proxy_set_property(name.as_ptr(), name.len(), value.as_ptr(), value.len()) };
    status == OK
}

/// Has the route of the current request chosen again. After an edit of its headers a proxy of ABI 0.2.1 does so by itself.
pub fn clear_route_cache() {
    let name = "clear_route_cache";
    // SAFETY: the name and the out-pointers live across the call; no argument is passed.
    let _nothing = received(|data, size| unsafe {
        import::proxy_call_foreign_function(name.as_ptr(), name.len(), null_mut(), 0, data, size)
    });
}

/// A label of the proxy's pod, as Istio writes it into the node's metadata.
pub fn workload_label(name: &str) -> Option<Vec<u8>> {
    property(&["xds", "node", "metadata", "LABELS", name]).or_else(|| property(&["node", "metadata", "LABELS", name]))
}

/// The namespace of the proxy's pod, from the same metadata.
pub fn workload_namespace() -> Option<Vec<u8>> {
    property(&["xds", "node", "metadata", "NAMESPACE"]).or_else(|| property(&["node", "metadata", "NAMESPACE"]))
}

/// The client's address and port, as the proxy believes it.
pub fn source_address() -> Option<Vec<u8>> {
    property(&["source", "address"])
}

/// A value of the stream's dynamic metadata, the filter's name first.
pub fn metadata(path: &[&str]) -> Option<Vec<u8>> {
    let mut whole = vec!["metadata", "filter_metadata"];
    whole.extend_from_slice(path);
    property(&whole)
}

/// The identity of the proxy's node: `xds.node.id`, or `node.id` before Envoy 1.33.
pub fn node_id() -> Option<Vec<u8>> {
    property(&["xds", "node", "id"]).or_else(|| property(&["node", "id"]))
}

/// The cluster that the stream is routed to: `xds.cluster_name`, or `cluster_name` before Envoy 1.33. After an edit of the request's
/// headers it is still that of the route before.
pub fn route_cluster() -> Option<Vec<u8>> {
    property(&["xds", "cluster_name"]).or_else(|| property(&["cluster_name"]))
}

/// The direction of the stream's listener: 1 inbound, 2 outbound. `xds.listener_direction`, or `listener_direction` before
/// Envoy 1.33; known in a stream only, and not to be remembered: listeners of both directions share a plugin.
pub fn listener_direction() -> Option<i64> {
    let bytes = property(&["xds", "listener_direction"]).or_else(|| property(&["listener_direction"]))?;
    Some(i64::from_le_bytes(bytes.try_into().ok()?))
}

/// Milliseconds since 1970, of the proxy's clock.
pub fn unix_millis() -> Option<u64> {
    let mut nanos = 0;
    // SAFETY: the out-pointer lives across the call.
    let status = unsafe { import::proxy_get_current_time_nanoseconds(&mut nanos) };
    (status == OK).then_some(nanos / 1_000_000)
}

/// Has the plugin's `on_tick` called at this period.
pub fn set_tick_period(milliseconds: u32) {
    // SAFETY: no pointer is passed.
    let _status = unsafe { import::proxy_set_tick_period_milliseconds(milliseconds) };
}

/// Writes a line to the proxy's log.
pub fn log(level: Level, message: &str) {
    // Proxy-Wasm counts upwards from trace, 0; `log` downwards from error, 1.
    let level = 5_u32.saturating_sub(level as u32);
    // SAFETY: the message lives across the call.
    let _status = unsafe { import::proxy_log(level, message.as_ptr(), message.len()) };
}

/// A counter among the proxy's statistics.
#[derive(Debug, Clone, Copy)]
pub struct Counter(Option<u32>);

impl Counter {
    /// The counter of that name; where the proxy refuses it, one that counts nothing.
    pub fn define(name: &str) -> Self {
        let mut id = 0;
        // SAFETY: the name and the out-pointer live across the call.
        let status = unsafe { import::proxy_define_metric(COUNTER, name.as_ptr(), name.len(), &mut id) };
        Self((status == OK).then_some(id))
    }

    /// Adds to the counter; nothing happens, and no call is made, for zero.
    pub fn add(&self, count: u64) {
        let Some(id) = self.0 else { return };
        // Envoy refuses to add nothing to a counter.
        if count > 0 {
            // SAFETY: no pointer is passed.
            let _status = unsafe { import::proxy_increment_metric(id, i64::try_from(count).unwrap_or(i64::MAX)) };
        }
    }
}

/// The proxy's shared data, which all workers and all plugins with the same `vm_id` see.
pub struct SharedData;

impl SharedSlots for SharedData {
    fn get(&mut self, key: &str) -> Option<(Vec<u8>, Cas)> {
        let mut cas = 0;
        // SAFETY: the key and the out-pointers live across the call.
        let value = received(|data, size| unsafe {
            import::proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &mut cas)
        })?;
        Some((value, cas))
    }

    fn set_if(&mut self, key: &str, value: &[u8], version: Option<Cas>) -> Written {
        let cas = version.unwrap_or(ABSENT);
        // SAFETY: key and value live across the call.
        let status =
            unsafe { import::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) };
        match status {
            OK => Written::Yes,
            CAS_MISMATCH => Written::Outrun,
            _ => Written::Refused,
        }
    }
}
