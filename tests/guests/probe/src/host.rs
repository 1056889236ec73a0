//! The host functions as the ABI declares them, with the status that each call returned left visible.
//!
//! No SDK stands between: an SDK turns statuses into panics, and the statuses are what the scenarios are about. Only here does
//! the guest touch memory that the host wrote.

/// What a host call answered: its status, and the bytes that it returned, if it returned any.
pub type Returned = (u32, Option<Vec<u8>>);

#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_log(level: u32, message: *const u8, size: usize) -> u32;
    fn proxy_get_status(code: *mut u32, message: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_get_property(path: *const u8, size: usize, value: *mut *mut u8, value_size: *mut usize) -> u32;
    fn proxy_set_property(path: *const u8, size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_send_local_response(
        status: u32,
        details: *const u8,
        details_size: usize,
        body: *const u8,
        body_size: usize,
        headers: *const u8,
        headers_size: usize,
        grpc_status: i32,
    ) -> u32;
    fn proxy_get_shared_data(
        key: *const u8,
        size: usize,
        value: *mut *mut u8,
        value_size: *mut usize,
        cas: *mut u32,
    ) -> u32;
    fn proxy_set_shared_data(key: *const u8, size: usize, value: *const u8, value_size: usize, cas: u32) -> u32;
    fn proxy_register_shared_queue(name: *const u8, size: usize, id: *mut u32) -> u32;
    fn proxy_resolve_shared_queue(vm: *const u8, vm_size: usize, name: *const u8, size: usize, id: *mut u32) -> u32;
    fn proxy_dequeue_shared_queue(id: u32, value: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_enqueue_shared_queue(id: u32, value: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_value(
        map: u32,
        key: *const u8,
        size: usize,
        value: *mut *mut u8,
        value_size: *mut usize,
    ) -> u32;
    fn proxy_add_header_map_value(map: u32, key: *const u8, size: usize, value: *const u8, value_size: usize) -> u32;
    fn proxy_replace_header_map_value(
        map: u32,
        key: *const u8,
        size: usize,
        value: *const u8,
        value_size: usize,
    ) -> u32;
    fn proxy_remove_header_map_value(map: u32, key: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_pairs(map: u32, pairs: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_header_map_pairs(map: u32, pairs: *const u8, size: usize) -> u32;
    fn proxy_get_header_map_size(map: u32, size: *mut usize) -> u32;
    fn proxy_get_buffer_status(buffer: u32, size: *mut usize, flags: *mut u32) -> u32;
    fn proxy_get_buffer_bytes(buffer: u32, start: usize, max: usize, value: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_set_buffer_bytes(buffer: u32, start: usize, length: usize, value: *const u8, size: usize) -> u32;
    fn proxy_http_call(
        cluster: *const u8,
        size: usize,
        headers: *const u8,
        headers_size: usize,
        body: *const u8,
        body_size: usize,
        trailers: *const u8,
        trailers_size: usize,
        timeout_ms: u32,
        token: *mut u32,
    ) -> u32;
    fn proxy_grpc_call(
        cluster: *const u8,
        size: usize,
        service: *const u8,
        service_size: usize,
        method: *const u8,
        method_size: usize,
        metadata: *const u8,
        metadata_size: usize,
        message: *const u8,
        message_size: usize,
        timeout_ms: u32,
        token: *mut u32,
    ) -> u32;
    fn proxy_grpc_stream(
        cluster: *const u8,
        size: usize,
        service: *const u8,
        service_size: usize,
        method: *const u8,
        method_size: usize,
        metadata: *const u8,
        metadata_size: usize,
        token: *mut u32,
    ) -> u32;
    fn proxy_grpc_send(token: u32, message: *const u8, size: usize, end_stream: u32) -> u32;
    fn proxy_grpc_cancel(token: u32) -> u32;
    fn proxy_grpc_close(token: u32) -> u32;
    fn proxy_set_tick_period_milliseconds(period: u32) -> u32;
    fn proxy_get_current_time_nanoseconds(time: *mut u64) -> u32;
    fn proxy_define_metric(kind: u32, name: *const u8, size: usize, id: *mut u32) -> u32;
    fn proxy_increment_metric(id: u32, offset: i64) -> u32;
    fn proxy_record_metric(id: u32, value: u64) -> u32;
    fn proxy_get_metric(id: u32, value: *mut u64) -> u32;
    fn proxy_set_effective_context(context: u32) -> u32;
    fn proxy_done() -> u32;
    fn proxy_call_foreign_function(
        name: *const u8,
        size: usize,
        arguments: *const u8,
        arguments_size: usize,
        result: *mut *mut u8,
        result_size: *mut usize,
    ) -> u32;
}

#[cfg(feature = "abi-0-1-0")]
#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_configuration(value: *mut *mut u8, size: *mut usize) -> u32;
    fn proxy_continue_request() -> u32;
    fn proxy_continue_response() -> u32;
    fn proxy_clear_route_cache() -> u32;
}

#[cfg(not(feature = "abi-0-1-0"))]
#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_continue_stream(kind: u32) -> u32;
    fn proxy_close_stream(kind: u32) -> u32;
}

#[cfg(feature = "abi-0-2-1")]
#[link(wasm_import_module = "env")]
unsafe extern "C" {
    fn proxy_get_log_level(level: *mut u32) -> u32;
}

/// Bytes that the host wrote into memory which it asked our allocator for, if it wrote any.
fn bytes(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Returned {
    let (mut start, mut size) = (std::ptr::null_mut(), 0);
    let status = call(&mut start, &mut size);
    if start.is_null() {
        return (status, (status == 0).then(Vec::new));
    }
    // SAFETY: the host got this block from `malloc` below, which leaked a vector of exactly this capacity.
    (status, Some(unsafe { Vec::from_raw_parts(start, size, size) }))
}

/// A number that the host wrote through a pointer, shown as its decimal text when the call succeeded.
fn number<T: Default + ToString>(call: impl FnOnce(*mut T) -> u32) -> Returned {
    let mut value = T::default();
    let status = call(&mut value);
    (status, (status == 0).then(|| value.to_string().into_bytes()))
}

/// `proxy_log`.
pub fn log(level: u32, message: &str) -> u32 {
    unsafe { proxy_log(level, message.as_ptr(), message.len()) }
}

/// `proxy_get_status`: the message; the code is shown before it.
pub fn status() -> Returned {
    let mut code = 0;
    let (status, message) = bytes(|start, size| unsafe { proxy_get_status(&mut code, start, size) });
    let shown = message.map(|message| [format!("{code} ").into_bytes(), message].concat());
    (status, shown)
}

/// `proxy_get_property`; the segments of the path are joined with NUL.
pub fn property(path: &[u8]) -> Returned {
    bytes(|start, size| unsafe { proxy_get_property(path.as_ptr(), path.len(), start, size) })
}

/// `proxy_set_property`.
pub fn set_property(path: &[u8], value: &[u8]) -> u32 {
    unsafe { proxy_set_property(path.as_ptr(), path.len(), value.as_ptr(), value.len()) }
}

/// `proxy_send_local_response`.
pub fn reply(status: u32, details: &[u8], body: &[u8], headers: &[u8], grpc_status: i32) -> u32 {
    unsafe {
        proxy_send_local_response(
            status,
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            grpc_status,
        )
    }
}

/// `proxy_get_shared_data`: the value and its CAS number.
pub fn shared_get(key: &[u8]) -> (Returned, u32) {
    let mut cas = 0;
    let found = bytes(|start, size| unsafe { proxy_get_shared_data(key.as_ptr(), key.len(), start, size, &mut cas) });
    (found, cas)
}

/// `proxy_set_shared_data`.
pub fn shared_set(key: &[u8], value: &[u8], cas: u32) -> u32 {
    unsafe { proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas) }
}

/// `proxy_register_shared_queue`.
pub fn queue_register(name: &[u8]) -> Returned {
    number(|id| unsafe { proxy_register_shared_queue(name.as_ptr(), name.len(), id) })
}

/// `proxy_resolve_shared_queue`.
pub fn queue_resolve(vm: &[u8], name: &[u8]) -> Returned {
    number(|id| unsafe { proxy_resolve_shared_queue(vm.as_ptr(), vm.len(), name.as_ptr(), name.len(), id) })
}

/// `proxy_dequeue_shared_queue`.
pub fn dequeue(id: u32) -> Returned {
    bytes(|start, size| unsafe { proxy_dequeue_shared_queue(id, start, size) })
}

/// `proxy_enqueue_shared_queue`.
pub fn enqueue(id: u32, value: &[u8]) -> u32 {
    unsafe { proxy_enqueue_shared_queue(id, value.as_ptr(), value.len()) }
}

/// `proxy_get_header_map_value`.
pub fn header(map: u32, key: &[u8]) -> Returned {
    bytes(|start, size| unsafe { proxy_get_header_map_value(map, key.as_ptr(), key.len(), start, size) })
}

/// `proxy_add_header_map_value`.
pub fn add_header(map: u32, key: &[u8], value: &[u8]) -> u32 {
    unsafe { proxy_add_header_map_value(map, key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

/// `proxy_replace_header_map_value`.
pub fn replace_header(map: u32, key: &[u8], value: &[u8]) -> u32 {
    unsafe { proxy_replace_header_map_value(map, key.as_ptr(), key.len(), value.as_ptr(), value.len()) }
}

/// `proxy_remove_header_map_value`.
pub fn remove_header(map: u32, key: &[u8]) -> u32 {
    unsafe { proxy_remove_header_map_value(map, key.as_ptr(), key.len()) }
}

/// `proxy_get_header_map_pairs`, still serialized.
pub fn header_pairs(map: u32) -> Returned {
    bytes(|start, size| unsafe { proxy_get_header_map_pairs(map, start, size) })
}

/// `proxy_set_header_map_pairs`.
pub fn set_header_pairs(map: u32, pairs: &[u8]) -> u32 {
    unsafe { proxy_set_header_map_pairs(map, pairs.as_ptr(), pairs.len()) }
}

/// `proxy_get_header_map_size`.
pub fn header_map_size(map: u32) -> Returned {
    number(|size: *mut usize| unsafe { proxy_get_header_map_size(map, size) })
}

/// `proxy_get_buffer_status`: the number of bytes.
pub fn buffer_status(buffer: u32) -> Returned {
    let mut flags = 0;
    number(|size: *mut usize| unsafe { proxy_get_buffer_status(buffer, size, &mut flags) })
}

/// `proxy_get_buffer_bytes`.
pub fn buffer(buffer: u32, start: usize, max: usize) -> Returned {
    bytes(|value, size| unsafe { proxy_get_buffer_bytes(buffer, start, max, value, size) })
}

/// `proxy_set_buffer_bytes`.
pub fn set_buffer(buffer: u32, start: usize, length: usize, value: &[u8]) -> u32 {
    unsafe { proxy_set_buffer_bytes(buffer, start, length, value.as_ptr(), value.len()) }
}

/// `proxy_http_call`: the token.
pub fn http_call(cluster: &[u8], headers: &[u8], body: &[u8], trailers: &[u8], timeout_ms: u32) -> Returned {
    number(|token: *mut u32| unsafe {
        proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            headers.as_ptr(),
            headers.len(),
            body.as_ptr(),
            body.len(),
            trailers.as_ptr(),
            trailers.len(),
            timeout_ms,
            token,
        )
    })
}

/// `proxy_grpc_call`, with no metadata: the token.
pub fn grpc_call(cluster: &[u8], service: &[u8], method: &[u8], message: &[u8], timeout_ms: u32) -> Returned {
    number(|token: *mut u32| unsafe {
        proxy_grpc_call(
            cluster.as_ptr(),
            cluster.len(),
            service.as_ptr(),
            service.len(),
            method.as_ptr(),
            method.len(),
            std::ptr::null(),
            0,
            message.as_ptr(),
            message.len(),
            timeout_ms,
            token,
        )
    })
}

/// `proxy_grpc_stream`, with no metadata: the token.
pub fn grpc_stream(cluster: &[u8], service: &[u8], method: &[u8]) -> Returned {
    number(|token: *mut u32| unsafe {
        proxy_grpc_stream(
            cluster.as_ptr(),
            cluster.len(),
            service.as_ptr(),
            service.len(),
            method.as_ptr(),
            method.len(),
            std::ptr::null(),
            0,
            token,
        )
    })
}

/// `proxy_grpc_send`.
pub fn grpc_send(token: u32, message: &[u8], end_stream: bool) -> u32 {
    unsafe { proxy_grpc_send(token, message.as_ptr(), message.len(), end_stream.into()) }
}

/// `proxy_grpc_cancel`.
pub fn grpc_cancel(token: u32) -> u32 {
    unsafe { proxy_grpc_cancel(token) }
}

/// `proxy_grpc_close`.
pub fn grpc_close(token: u32) -> u32 {
    unsafe { proxy_grpc_close(token) }
}

/// `proxy_set_tick_period_milliseconds`.
pub fn tick(period: u32) -> u32 {
    unsafe { proxy_set_tick_period_milliseconds(period) }
}

/// `proxy_get_current_time_nanoseconds`: only whether there is a time, since its value is never twice the same.
pub fn time() -> Returned {
    let mut time = 0;
    let status = unsafe { proxy_get_current_time_nanoseconds(&mut time) };
    (status, Some(if time == 0 { b"zero".to_vec() } else { b"nonzero".to_vec() }))
}

/// `proxy_define_metric`: its id.
pub fn metric_define(kind: u32, name: &[u8]) -> Returned {
    number(|id: *mut u32| unsafe { proxy_define_metric(kind, name.as_ptr(), name.len(), id) })
}

/// `proxy_increment_metric`.
pub fn metric_increment(id: u32, offset: i64) -> u32 {
    unsafe { proxy_increment_metric(id, offset) }
}

/// `proxy_record_metric`.
pub fn metric_record(id: u32, value: u64) -> u32 {
    unsafe { proxy_record_metric(id, value) }
}

/// `proxy_get_metric`.
pub fn metric_get(id: u32) -> Returned {
    number(|value: *mut u64| unsafe { proxy_get_metric(id, value) })
}

/// `proxy_set_effective_context`.
pub fn effective_context(context: u32) -> u32 {
    unsafe { proxy_set_effective_context(context) }
}

/// `proxy_done`.
pub fn done() -> u32 {
    unsafe { proxy_done() }
}

/// `proxy_call_foreign_function`.
pub fn foreign(name: &[u8], arguments: &[u8]) -> Returned {
    bytes(|start, size| unsafe {
        proxy_call_foreign_function(name.as_ptr(), name.len(), arguments.as_ptr(), arguments.len(), start, size)
    })
}

/// The host functions that only one version of the ABI has; `None` when this is another version.
pub fn of_this_version(name: &str, _argument: u32) -> Option<Returned> {
    match name {
        #[cfg(feature = "abi-0-1-0")]
        "get_configuration" => Some(bytes(|start, size| unsafe { proxy_get_configuration(start, size) })),
        #[cfg(feature = "abi-0-1-0")]
        "continue_request" => Some((unsafe { proxy_continue_request() }, None)),
        #[cfg(feature = "abi-0-1-0")]
        "continue_response" => Some((unsafe { proxy_continue_response() }, None)),
        #[cfg(feature = "abi-0-1-0")]
        "clear_route_cache" => Some((unsafe { proxy_clear_route_cache() }, None)),
        #[cfg(not(feature = "abi-0-1-0"))]
        "continue" => Some((unsafe { proxy_continue_stream(_argument) }, None)),
        #[cfg(not(feature = "abi-0-1-0"))]
        "close" => Some((unsafe { proxy_close_stream(_argument) }, None)),
        #[cfg(feature = "abi-0-2-1")]
        "log_level" => Some(number(|level: *mut u32| unsafe { proxy_get_log_level(level) })),
        _ => None,
    }
}

/// The guest's allocator, as the host calls it. A script can make it fail.
#[unsafe(no_mangle)]
pub extern "C" fn malloc(size: usize) -> *mut u8 {
    if FAIL_NEXT_ALLOCATION.replace(false) {
        return std::ptr::null_mut();
    }
    let mut block = std::mem::ManuallyDrop::new(Vec::<u8>::with_capacity(size));
    block.as_mut_ptr()
}

thread_local! {
    static FAIL_NEXT_ALLOCATION: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Makes the allocator answer the host with a null pointer once.
pub fn fail_next_allocation() {
    FAIL_NEXT_ALLOCATION.set(true);
}
