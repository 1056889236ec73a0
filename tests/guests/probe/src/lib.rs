//! The scriptable guest: it logs every callback that it gets, with its arguments, and runs the commands that its configuration
//! has for that callback (see [`script`]), logging what each host call answered.
//!
//! It decides nothing by itself, so what a scenario's transcript shows is the host's behaviour alone. The script is the plugin
//! configuration; for `on_vm_start` and `on_context_create` it is the VM configuration.

mod command;
mod host;
mod script;

use std::cell::RefCell;
use std::collections::HashMap;

use script::Script;

#[derive(Default)]
struct State {
    /// By root context.
    scripts: HashMap<u32, Script>,
    /// The root context of every context.
    roots: HashMap<u32, u32>,
    /// How often each callback ran in each context.
    calls: HashMap<(u32, &'static str), u32>,
}

thread_local! {
    static STATE: RefCell<State> = RefCell::default();
}

/// The root under which the VM configuration's script is kept: the id of no context.
const VM: u32 = 0;

fn say(context: u32, line: &str) {
    host::log(2, &format!("{context} {line}"));
}

/// Logs a callback, runs its commands and returns what the last `return` says, or else `default`.
fn callback(context: u32, name: &'static str, arguments: &str, default: u32) -> u32 {
    say(context, format!("{name} {arguments}").trim_end());
    // The state is not borrowed while commands run: a host call may come back into the guest.
    let commands = STATE.with_borrow_mut(|state| {
        let calls = state.calls.entry((context, name)).or_default();
        *calls += 1;
        let calls = *calls;
        let root = state.roots.get(&context).copied().unwrap_or(context);
        let root = if matches!(name, "on_vm_start" | "on_context_create") { VM } else { root };
        state.scripts.get(&root).map(|script| script.commands(name, context, calls)).unwrap_or_default()
    });
    for words in &commands {
        if let [word, value] = words.as_slice()
            && word == b"return"
        {
            return String::from_utf8_lossy(value).parse().unwrap_or(default);
        }
        let shown: Vec<String> = words.iter().map(|word| word.escape_ascii().to_string()).collect();
        let shown = shown.join(" ");
        if words.first().is_some_and(|word| word == b"trap") {
            say(context, "  trap");
        }
        let answer = command::run(words);
        say(context, &format!("  {shown} -> {answer}"));
    }
    default
}

fn load_script(root: u32, buffer: u32, size: u32) {
    let source = if size == 0 { Vec::new() } else { host::buffer(buffer, 0, size as usize).1.unwrap_or_default() };
    let script = Script::parse(&String::from_utf8_lossy(&source));
    STATE.with_borrow_mut(|state| state.scripts.insert(root, script));
}

#[cfg(feature = "abi-0-1-0")]
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_1_0() {}

#[cfg(feature = "abi-0-2-0")]
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_0() {}

#[cfg(feature = "abi-0-2-1")]
#[unsafe(no_mangle)]
extern "C" fn proxy_abi_version_0_2_1() {}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_context_create(context: u32, parent: u32) {
    STATE.with_borrow_mut(|state| {
        let root = if parent == 0 { context } else { parent };
        state.roots.insert(context, root);
    });
    callback(context, "on_context_create", &format!("parent={parent}"), 0);
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_vm_start(context: u32, size: u32) -> u32 {
    load_script(VM, 6, size);
    callback(context, "on_vm_start", &format!("size={size}"), 1)
}

#[unsafe(no_mangle)]
extern "C" fn proxy_on_configure(context: u32, size: u32) -> u32 {
    load_script(context, 7, size);
    // The size is that of the script, which says nothing about the host.
    callback(context, "on_configure", "", 1)
}

#[cfg(feature = "abi-0-1-0")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, count: u32) -> u32 {
    callback(context, "on_request_headers", &format!("n={count}"), 0)
}

#[cfg(feature = "abi-0-1-0")]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(context: u32, count: u32) -> u32 {
    callback(context, "on_response_headers", &format!("n={count}"), 0)
}

#[cfg(not(feature = "abi-0-1-0"))]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_request_headers(context: u32, count: u32, end: u32) -> u32 {
    callback(context, "on_request_headers", &format!("n={count} end={end}"), 0)
}

#[cfg(not(feature = "abi-0-1-0"))]
#[unsafe(no_mangle)]
extern "C" fn proxy_on_response_headers(context: u32, count: u32, end: u32) -> u32 {
    callback(context, "on_response_headers", &format!("n={count} end={end}"), 0)
}

/// Callbacks whose arguments are only logged: the name that is exported, then those of the arguments, then the default result.
macro_rules! callbacks {
    ($($export:ident = $name:literal ($($argument:ident),*) $default:literal;)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $export(context: u32, $($argument: u32),*) -> u32 {
                let arguments: &[String] = &[$(format!("{}={}", stringify!($argument), $argument)),*];
                callback(context, $name, &arguments.join(" "), $default)
            }
        )*
    };
}

callbacks! {
    proxy_on_done = "on_done" () 1;
    proxy_on_request_body = "on_request_body" (size, end) 0;
    proxy_on_response_body = "on_response_body" (size, end) 0;
    proxy_on_request_trailers = "on_request_trailers" (n) 0;
    proxy_on_response_trailers = "on_response_trailers" (n) 0;
    proxy_on_request_metadata = "on_request_metadata" (n) 0;
    proxy_on_response_metadata = "on_response_metadata" (n) 0;
}

/// The same for callbacks that return nothing.
macro_rules! notifications {
    ($($export:ident = $name:literal ($($argument:ident),*);)*) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $export(context: u32, $($argument: u32),*) {
                let arguments: &[String] = &[$(format!("{}={}", stringify!($argument), $argument)),*];
                callback(context, $name, &arguments.join(" "), 0);
            }
        )*
    };
}

notifications! {
    proxy_on_tick = "on_tick" ();
    proxy_on_log = "on_log" ();
    proxy_on_delete = "on_delete" ();
    proxy_on_http_call_response = "on_http_call_response" (token, headers, body, trailers);
    proxy_on_grpc_receive_initial_metadata = "on_grpc_receive_initial_metadata" (token, n);
    proxy_on_grpc_receive = "on_grpc_receive" (token, size);
    proxy_on_grpc_receive_trailing_metadata = "on_grpc_receive_trailing_metadata" (token, n);
    proxy_on_grpc_close = "on_grpc_close" (token, status);
    proxy_on_queue_ready = "on_queue_ready" (queue);
}
