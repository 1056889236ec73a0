//! Every host function of the ABI, by version, and how its arguments map to a [`Host`] method.
//!
//! All functions are always linked, whether they are modelled or not: a module made with the Rust SDK imports most of them
//! without calling them.

use std::time::Duration;

use wasmtime::{FuncType, Linker, Val, ValType};

use super::call::{Call, Fault, Outcome};
use super::host::{GrpcCall, Host, HttpCall, LocalResponse};
use super::types::{Buffer, LogLevel, Map, MetricKind, Status, StreamKind};
use super::vm::{Phase, VmData};

/// The module that every host function belongs to.
pub const HOST_MODULE: &str = "env";

/// One host function, for linking and for `weft inspect`.
pub struct HostFunction<H: Host> {
    /// The imported name.
    pub name: &'static str,
    /// The parameters: `i` is an i32, `l` an i64. The result is always one i32.
    pub parameters: &'static str,
    /// The first and the last ABI version that have it, as in `0.1.0`.
    pub versions: (&'static str, &'static str),
    call: fn(&mut Call<'_, H>) -> Outcome,
}

impl<H: Host> HostFunction<H> {
    /// Whether a module of this ABI version may import it.
    pub fn is_in(&self, version: &str) -> bool {
        self.versions.0 <= version && version <= self.versions.1
    }
}

const ALWAYS: (&str, &str) = ("0.1.0", "0.2.1");
const ONLY_0_1: (&str, &str) = ("0.1.0", "0.1.0");
const SINCE_0_2: (&str, &str) = ("0.2.0", "0.2.1");
const SINCE_0_2_1: (&str, &str) = ("0.2.1", "0.2.1");

/// The whole table.
pub fn host_functions<H: Host>() -> Vec<HostFunction<H>> {
    let mut table: Vec<HostFunction<H>> = Vec::new();
    let mut add = |name, parameters, versions, call| table.push(HostFunction { name, parameters, versions, call });

    add("proxy_log", "iii", ALWAYS, |call| {
        let level = call.one_of(LogLevel::from_number, LogLevel::name)?;
        let message = call.bytes()?;
        call.host().log(level, &message);
        Ok(())
    });
    add("proxy_get_log_level", "i", SINCE_0_2_1, |call| {
        let to = call.out();
        let level = call.host().log_level();
        call.give_number(to, level as u32)
    });
    add("proxy_get_status", "iii", ALWAYS, |call| {
        let (code, pointer, size) = (call.out(), call.out(), call.out());
        let (number, message) = call.host().call_status()?;
        call.give_number(code, number)?;
        call.give_bytes(pointer, size, &message)
    });
    add("proxy_get_configuration", "ii", ONLY_0_1, |call| {
        let (pointer, size) = (call.out(), call.out());
        let configuration = call.host().configuration()?;
        call.give_bytes(pointer, size, &configuration)
    });
    add("proxy_get_property", "iiii", ALWAYS, |call| {
        let path = call.path()?;
        let (pointer, size) = (call.out(), call.out());
        let value = call.host().property(&path)?;
        call.give_bytes(pointer, size, &value)
    });
    add("proxy_set_property", "iiii", ALWAYS, |call| {
        let (path, value) = (call.path()?, call.bytes()?);
        Ok(call.host().set_property(&path, &value)?)
    });
    add("proxy_send_local_response", "iiiiiiii", ALWAYS, |call| {
        let status = call.number();
        let (details, body, headers) = (call.bytes()?, call.bytes()?, call.pairs()?);
        let grpc_status = call.number().cast_signed();
        Ok(call.host().send_local_response(LocalResponse { status, details, body, headers, grpc_status })?)
    });

    add("proxy_get_shared_data", "iiiii", ALWAYS, |call| {
        let key = call.bytes()?;
        let (pointer, size, version) = (call.out(), call.out(), call.out());
        let (value, cas) = call.host().shared_data(&key)?;
        call.give_bytes(pointer, size, &value)?;
        call.give_number(version, cas)
    });
    add("proxy_set_shared_data", "iiiii", ALWAYS, |call| {
        let (key, value, cas) = (call.bytes()?, call.bytes()?, call.number());
        Ok(call.host().set_shared_data(&key, &value, cas)?)
    });
    add("proxy_register_shared_queue", "iii", ALWAYS, |call| {
        let name = call.bytes()?;
        let to = call.out();
        let id = call.host().register_queue(&name)?;
        call.give_number(to, id)
    });
    add("proxy_resolve_shared_queue", "iiiii", ALWAYS, |call| {
        let (vm_id, name) = (call.bytes()?, call.bytes()?);
        let to = call.out();
        let id = call.host().resolve_queue(&vm_id, &name)?;
        call.give_number(to, id)
    });
    add("proxy_dequeue_shared_queue", "iii", ALWAYS, |call| {
        let queue = call.number();
        let (pointer, size) = (call.out(), call.out());
        let message = call.host().dequeue(queue)?;
        call.give_bytes(pointer, size, &message)
    });
    add("proxy_enqueue_shared_queue", "iii", ALWAYS, |call| {
        let (queue, message) = (call.number(), call.bytes()?);
        Ok(call.host().enqueue(queue, &message)?)
    });

    add("proxy_get_header_map_value", "iiiii", ALWAYS, |call| {
        let (map, name) = (map(call)?, call.bytes()?);
        let (pointer, size) = (call.out(), call.out());
        let value = call.host().header(map, &name)?;
        call.give_bytes(pointer, size, &value)
    });
    add("proxy_add_header_map_value", "iiiii", ALWAYS, |call| {
        let (map, name, value) = (map(call)?, call.bytes()?, call.bytes()?);
        Ok(call.host().add_header(map, &name, &value)?)
    });
    add("proxy_replace_header_map_value", "iiiii", ALWAYS, |call| {
        let (map, name, value) = (map(call)?, call.bytes()?, call.bytes()?);
        Ok(call.host().replace_header(map, &name, &value)?)
    });
    add("proxy_remove_header_map_value", "iii", ALWAYS, |call| {
        let (map, name) = (map(call)?, call.bytes()?);
        Ok(call.host().remove_header(map, &name)?)
    });
    add("proxy_get_header_map_pairs", "iii", ALWAYS, |call| {
        let map = map(call)?;
        let (pointer, size) = (call.out(), call.out());
        let pairs = call.host().headers(map)?;
        call.give_pairs(pointer, size, &pairs)
    });
    add("proxy_set_header_map_pairs", "iii", ALWAYS, |call| {
        let (map, pairs) = (map(call)?, call.pairs()?);
        Ok(call.host().set_headers(map, pairs)?)
    });
    add("proxy_get_header_map_size", "ii", ALWAYS, |call| {
        let map = map(call)?;
        let to = call.out();
        let size = call.host().headers_size(map)?;
        call.give_number(to, number(size))
    });

    add("proxy_get_buffer_status", "iii", ALWAYS, |call| {
        let buffer = buffer(call)?;
        let (length, flags) = (call.out(), call.out());
        let size = call.host().buffer_size(buffer)?;
        call.give_number(length, number(size))?;
        call.give_number(flags, 0)
    });
    add("proxy_get_buffer_bytes", "iiiii", ALWAYS, |call| {
        let buffer = buffer(call)?;
        let (start, length) = (size(call), size(call));
        let (pointer, to) = (call.out(), call.out());
        let bytes = call.host().buffer(buffer, start, length)?;
        call.give_bytes(pointer, to, &bytes)
    });
    add("proxy_set_buffer_bytes", "iiiii", ALWAYS, |call| {
        let buffer = buffer(call)?;
        let (start, length, data) = (size(call), size(call), call.bytes()?);
        Ok(call.host().set_buffer(buffer, start, length, &data)?)
    });

    add("proxy_http_call", "iiiiiiiiii", ALWAYS, |call| {
        let (upstream, headers, body, trailers) = (call.bytes()?, call.pairs()?, call.bytes()?, call.pairs()?);
        let timeout = milliseconds(call)?;
        let to = call.out();
        let token = call.host().http_call(HttpCall { upstream, headers, body, trailers, timeout })?;
        call.give_number(to, token)
    });
    add("proxy_grpc_call", "iiiiiiiiiiii", ALWAYS, |call| {
        let (upstream, service, method) = (call.bytes()?, call.bytes()?, call.bytes()?);
        let (metadata, message) = (call.pairs()?, Some(call.bytes()?));
        let timeout = milliseconds(call)?;
        let to = call.out();
        let token = call.host().grpc_call(GrpcCall { upstream, service, method, metadata, message, timeout })?;
        call.give_number(to, token)
    });
    add("proxy_grpc_stream", "iiiiiiiii", ALWAYS, |call| {
        let (upstream, service, method, metadata) = (call.bytes()?, call.bytes()?, call.bytes()?, call.pairs()?);
        let to = call.out();
        let opened = GrpcCall { upstream, service, method, metadata, message: None, timeout: Duration::ZERO };
        let token = call.host().grpc_call(opened)?;
        call.give_number(to, token)
    });
    add("proxy_grpc_send", "iiii", ALWAYS, |call| {
        let (token, message, end_stream) = (call.number(), call.bytes()?, call.number() != 0);
        Ok(call.host().grpc_send(token, &message, end_stream)?)
    });
    add("proxy_grpc_cancel", "i", ALWAYS, |call| {
        let token = call.number();
        Ok(call.host().grpc_cancel(token)?)
    });
    add("proxy_grpc_close", "i", ALWAYS, |call| {
        let token = call.number();
        Ok(call.host().grpc_close(token)?)
    });

    add("proxy_set_tick_period_milliseconds", "i", ALWAYS, |call| {
        let period = Duration::from_millis(u64::from(call.number()));
        Ok(call.host().set_tick_period(period)?)
    });
    add("proxy_get_current_time_nanoseconds", "i", ALWAYS, |call| {
        let to = call.out();
        let now = call.host().unix_nanos();
        call.give_wide(to, now)
    });
    add("proxy_define_metric", "iiii", ALWAYS, |call| {
        let kind = call.one_of(MetricKind::from_number, metric_name)?;
        let name = call.bytes()?;
        let to = call.out();
        let metric = call.host().define_metric(kind, &name)?;
        call.give_number(to, metric)
    });
    add("proxy_increment_metric", "il", ALWAYS, |call| {
        let (metric, delta) = (call.number(), call.wide());
        Ok(call.host().increment_metric(metric, delta)?)
    });
    add("proxy_record_metric", "il", ALWAYS, |call| {
        let (metric, value) = (call.number(), call.wide());
        Ok(call.host().record_metric(metric, value.cast_unsigned())?)
    });
    add("proxy_get_metric", "ii", ALWAYS, |call| {
        let metric = call.number();
        let to = call.out();
        let value = call.host().metric(metric)?;
        call.give_wide(to, value)
    });

    add("proxy_set_effective_context", "i", ALWAYS, |call| {
        let context = call.number();
        Ok(call.host().set_effective_context(context)?)
    });
    add("proxy_done", "", ALWAYS, |call| Ok(call.host().done()?));
    add("proxy_call_foreign_function", "iiiiii", ALWAYS, |call| {
        let (name, arguments) = (call.bytes()?, call.bytes()?);
        let (pointer, size) = (call.out(), call.out());
        let results = call.host().call_foreign_function(&name, &arguments)?;
        if pointer.is_null() || size.is_null() {
            return Ok(());
        }
        call.give_bytes(pointer, size, &results)
    });

    add("proxy_continue_request", "", ONLY_0_1, |call| Ok(call.host().continue_stream(StreamKind::Request)?));
    add("proxy_continue_response", "", ONLY_0_1, |call| Ok(call.host().continue_stream(StreamKind::Response)?));
    add("proxy_clear_route_cache", "", ONLY_0_1, |call| Ok(call.host().clear_route_cache()?));
    add("proxy_continue_stream", "i", SINCE_0_2, |call| {
        let stream = call.one_of(StreamKind::from_number, stream_name)?;
        Ok(call.host().continue_stream(stream)?)
    });
    add("proxy_close_stream", "i", SINCE_0_2, |call| {
        let stream = call.one_of(StreamKind::from_number, stream_name)?;
        Ok(call.host().close_stream(stream)?)
    });

    // Envoy's own.
    add("envoy_resolve_dns", "iii", ALWAYS, |call| {
        let name = call.bytes()?;
        let to = call.out();
        let token = call.host().resolve_dns(&name)?;
        call.give_number(to, token)
    });
    table
}

/// The parameters of a host function that modules of this version may import.
pub(super) fn signature(name: &str, version: &str) -> Option<&'static str> {
    let mut table = host_functions::<Signatures>().into_iter();
    table.find(|function| function.name == name && function.is_in(version)).map(|function| function.parameters)
}

/// Stands for any host where only the table is read and nothing is called.
struct Signatures;

impl Host for Signatures {
    fn unix_nanos(&self) -> u64 {
        0
    }
    fn fill_random(&mut self, _bytes: &mut [u8]) {}
    fn log(&mut self, _level: LogLevel, _message: &[u8]) {}
}

fn map<H: Host>(call: &mut Call<'_, H>) -> Result<Map, Fault> {
    call.one_of(Map::from_number, Map::name)
}

fn buffer<H: Host>(call: &mut Call<'_, H>) -> Result<Buffer, Fault> {
    call.one_of(Buffer::from_number, Buffer::name)
}

fn size<H: Host>(call: &mut Call<'_, H>) -> usize {
    usize::try_from(call.number()).unwrap_or(usize::MAX)
}

fn milliseconds<H: Host>(call: &mut Call<'_, H>) -> Result<Duration, Fault> {
    let timeout = u64::try_from(call.number().cast_signed()).map_err(|_| Status::BadArgument)?;
    Ok(Duration::from_millis(timeout))
}

fn number(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

fn metric_name(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
    }
}

fn stream_name(kind: StreamKind) -> &'static str {
    match kind {
        StreamKind::Request => "request",
        StreamKind::Response => "response",
        StreamKind::Downstream => "downstream",
        StreamKind::Upstream => "upstream",
    }
}

/// Links the functions that a module of this ABI version may import, and what emscripten's runtime imports beside them.
pub(super) fn link<H: Host>(linker: &mut Linker<VmData<H>>, version: &str) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    for function in host_functions::<H>().into_iter().filter(|function| function.is_in(version)) {
        let parameters = function.parameters.chars().map(|kind| if kind == 'l' { ValType::I64 } else { ValType::I32 });
        let signature = FuncType::new(&engine, parameters, [ValType::I32]);
        let HostFunction { name, call: body, .. } = function;
        linker.func_new(HOST_MODULE, name, signature, move |caller, arguments, results| {
            permit(caller.data(), name)?;
            let allowed = caller.data().host.allows(name);
            let mut call = Call::new(name, caller, arguments);
            let outcome = if allowed { body(&mut call) } else { Err(Status::InternalFailure.into()) };
            let status = call.finish(outcome)?;
            if let Some(result) = results.first_mut() {
                *result = Val::I32(status);
            }
            Ok(())
        })?;
    }
    linker.func_wrap(HOST_MODULE, "pthread_equal", |left: i32, right: i32| i32::from(left == right))?;
    linker.func_wrap(HOST_MODULE, "emscripten_notify_memory_growth", |_pages: i32| {})?;
    Ok(())
}

/// Refuses the calls that a host refuses while a module starts or allocates.
pub(super) fn permit<H: Host>(data: &VmData<H>, name: &str) -> wasmtime::Result<()> {
    let refused = match data.phase {
        Phase::Running => false,
        Phase::Starting => {
            let wasi = !name.starts_with("proxy_") && !name.starts_with("envoy_");
            let excluded = ["proc_exit", "fd_read", "fd_seek", "fd_close", "path_open", "sched_yield"];
            name != "proxy_log" && (!wasi || excluded.contains(&name))
        }
        Phase::Allocating => !["proxy_log", "fd_write", "clock_time_get", "poll_oneoff"].contains(&name),
    };
    if refused {
        return Err(wasmtime::Error::msg(format!("restricted_callback: {name} may not be called in this phase")));
    }
    Ok(())
}
