//! The functions that a proxy gives to a module: what any host has under the names that a module imports.
//!
//! Sources: the Proxy-Wasm ABI specification, versions 0.1.0, 0.2.0 and 0.2.1; `exports.h` of proxy-wasm-cpp-host for WASI. The
//! engine in `host-harness` links the same names, and a test holds the two tables together.

use crate::module::AbiVersion;

/// The module that the ABI's functions stand in.
pub const HOST_MODULE: &str = "env";

/// The modules that WASI's functions stand in.
pub const WASI_MODULES: [&str; 2] = ["wasi_snapshot_preview1", "wasi_unstable"];

/// In every version of the ABI.
pub const OF_EVERY_VERSION: &[&str] = &[
    "proxy_log",
    "proxy_get_status",
    "proxy_get_property",
    "proxy_set_property",
    "proxy_send_local_response",
    "proxy_get_shared_data",
    "proxy_set_shared_data",
    "proxy_register_shared_queue",
    "proxy_resolve_shared_queue",
    "proxy_dequeue_shared_queue",
    "proxy_enqueue_shared_queue",
    "proxy_get_header_map_value",
    "proxy_add_header_map_value",
    "proxy_replace_header_map_value",
    "proxy_remove_header_map_value",
    "proxy_get_header_map_pairs",
    "proxy_set_header_map_pairs",
    "proxy_get_header_map_size",
    "proxy_get_buffer_status",
    "proxy_get_buffer_bytes",
    "proxy_set_buffer_bytes",
    "proxy_http_call",
    "proxy_grpc_call",
    "proxy_grpc_stream",
    "proxy_grpc_send",
    "proxy_grpc_cancel",
    "proxy_grpc_close",
    "proxy_set_tick_period_milliseconds",
    "proxy_get_current_time_nanoseconds",
    "proxy_define_metric",
    "proxy_increment_metric",
    "proxy_record_metric",
    "proxy_get_metric",
    "proxy_set_effective_context",
    "proxy_done",
    "proxy_call_foreign_function",
    "envoy_resolve_dns",
];

/// In version 0.1.0 alone.
pub const UNTIL_0_1_0: &[&str] =
    &["proxy_get_configuration", "proxy_continue_request", "proxy_continue_response", "proxy_clear_route_cache"];

/// Since version 0.2.0.
pub const SINCE_0_2_0: &[&str] = &["proxy_continue_stream", "proxy_close_stream"];

/// Since version 0.2.1.
pub const SINCE_0_2_1: &[&str] = &["proxy_get_log_level"];

/// What every host links for emscripten's runtime.
pub const OF_EMSCRIPTEN: &[&str] = &["emscripten_notify_memory_growth", "pthread_equal"];

/// WASI's, as far as any host has them.
pub const OF_WASI: &[&str] = &[
    "fd_write",
    "fd_read",
    "fd_seek",
    "fd_close",
    "fd_fdstat_get",
    "environ_get",
    "environ_sizes_get",
    "args_get",
    "args_sizes_get",
    "proc_exit",
    "clock_time_get",
    "random_get",
    "clock_res_get",
    "fd_advise",
    "fd_allocate",
    "fd_datasync",
    "fd_fdstat_set_flags",
    "fd_fdstat_set_rights",
    "fd_filestat_get",
    "fd_filestat_set_size",
    "fd_filestat_set_times",
    "fd_pread",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_pwrite",
    "fd_readdir",
    "fd_renumber",
    "fd_sync",
    "fd_tell",
    "path_create_directory",
    "path_filestat_get",
    "path_filestat_set_times",
    "path_link",
    "path_open",
    "path_readlink",
    "path_remove_directory",
    "path_rename",
    "path_symlink",
    "path_unlink_file",
    "poll_oneoff",
    "sched_yield",
    "sock_accept",
    "sock_recv",
    "sock_send",
    "sock_shutdown",
];

/// Whether a host of this version of the ABI has what a module imports.
pub fn is_known(module: &str, name: &str, version: AbiVersion) -> bool {
    if WASI_MODULES.contains(&module) {
        return OF_WASI.contains(&name);
    }
    let of_version: &[&[&str]] = match version {
        AbiVersion::V0_1_0 => &[UNTIL_0_1_0],
        AbiVersion::V0_2_0 => &[SINCE_0_2_0],
        AbiVersion::V0_2_1 => &[SINCE_0_2_0, SINCE_0_2_1],
    };
    let always = [OF_EVERY_VERSION, OF_EMSCRIPTEN];
    module == HOST_MODULE && always.iter().chain(of_version).any(|table| table.contains(&name))
}
