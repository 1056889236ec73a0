//! The WASI functions that proxy-wasm-cpp-host links, each as little as that host does.
//!
//! There is no file system: standard output and standard error become log lines, the clock and randomness are the host's, and
//! everything else answers the error that the real host answers. The same set stands under both module names.

use wasmtime::{Caller, FuncType, Linker, Val, ValType};

use super::call::{Call, Fault};
use super::host::Host;
use super::imports::permit;
use super::types::LogLevel;
use super::vm::VmData;

/// The modules that the functions belong to.
pub const WASI_MODULES: [&str; 2] = ["wasi_unstable", "wasi_snapshot_preview1"];

/// One function: its name, its parameters (`i` for i32, `l` for i64), and whether it has a result.
#[derive(Clone, Copy, Debug)]
pub struct WasiFunction {
    /// The imported name.
    pub name: &'static str,
    /// The parameters: `i` is an i32, `l` an i64.
    pub parameters: &'static str,
    /// Whether Envoy's own documentation (`wasm.proto`) lists it, so that older hosts link it too.
    pub documented: bool,
    answer: Answer,
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    /// This error number, whatever the arguments.
    Always(i32),
    /// Success for standard output and standard error, `EBADF` for any other file.
    StandardStreams,
    FdWrite,
    FdStat,
    ClockTime,
    ClockResolution,
    Random,
    EnvironmentSizes,
    Environment,
    NoArguments,
    Poll,
    Exit,
}

const SUCCESS: i32 = 0;
const BADF: i32 = 8;
const FAULT: i32 = 21;
const INVAL: i32 = 28;
const NOENT: i32 = 44;
const NOSYS: i32 = 52;
const NOTDIR: i32 = 20;
const NOTSUP: i32 = 58;
/// A capability that the plugin does not have.
const NOTCAPABLE: i32 = 76;

/// The most bytes of one `random_get`.
const MAX_RANDOM: usize = 64 * 1024;

const fn documented(name: &'static str, parameters: &'static str, answer: Answer) -> WasiFunction {
    WasiFunction { name, parameters, documented: true, answer }
}

const fn recent(name: &'static str, parameters: &'static str, answer: Answer) -> WasiFunction {
    WasiFunction { name, parameters, documented: false, answer }
}

/// The whole table.
pub const WASI_FUNCTIONS: &[WasiFunction] = &[
    documented("fd_write", "iiii", Answer::FdWrite),
    documented("fd_read", "iiii", Answer::Always(NOSYS)),
    documented("fd_seek", "ilii", Answer::Always(SUCCESS)),
    documented("fd_close", "i", Answer::Always(SUCCESS)),
    documented("fd_fdstat_get", "ii", Answer::FdStat),
    documented("environ_get", "ii", Answer::Environment),
    documented("environ_sizes_get", "ii", Answer::EnvironmentSizes),
    documented("args_get", "ii", Answer::Always(SUCCESS)),
    documented("args_sizes_get", "ii", Answer::NoArguments),
    documented("proc_exit", "i", Answer::Exit),
    documented("clock_time_get", "ili", Answer::ClockTime),
    documented("random_get", "ii", Answer::Random),
    recent("clock_res_get", "ii", Answer::ClockResolution),
    recent("fd_advise", "illi", Answer::Always(SUCCESS)),
    recent("fd_allocate", "ill", Answer::StandardStreams),
    recent("fd_datasync", "i", Answer::StandardStreams),
    recent("fd_fdstat_set_flags", "ii", Answer::Always(NOSYS)),
    recent("fd_fdstat_set_rights", "ill", Answer::StandardStreams),
    recent("fd_filestat_get", "ii", Answer::Always(BADF)),
    recent("fd_filestat_set_size", "il", Answer::StandardStreams),
    recent("fd_filestat_set_times", "illi", Answer::StandardStreams),
    recent("fd_pread", "iiili", Answer::Always(NOSYS)),
    recent("fd_prestat_dir_name", "iii", Answer::Always(NOSYS)),
    recent("fd_prestat_get", "ii", Answer::Always(BADF)),
    recent("fd_pwrite", "iiili", Answer::Always(NOSYS)),
    recent("fd_readdir", "iiili", Answer::Always(NOTDIR)),
    recent("fd_renumber", "ii", Answer::Always(NOSYS)),
    recent("fd_sync", "i", Answer::StandardStreams),
    recent("fd_tell", "ii", Answer::StandardStreams),
    recent("path_create_directory", "iii", Answer::Always(NOTSUP)),
    recent("path_filestat_get", "iiiii", Answer::Always(NOTSUP)),
    recent("path_filestat_set_times", "iiiilli", Answer::Always(NOTSUP)),
    recent("path_link", "iiiiiii", Answer::Always(NOTSUP)),
    recent("path_open", "iiiiillii", Answer::Always(NOENT)),
    recent("path_readlink", "iiiiii", Answer::Always(NOTSUP)),
    recent("path_remove_directory", "iii", Answer::Always(NOTSUP)),
    recent("path_rename", "iiiiii", Answer::Always(NOTSUP)),
    recent("path_symlink", "iiiii", Answer::Always(NOTSUP)),
    recent("path_unlink_file", "iii", Answer::Always(NOTSUP)),
    recent("poll_oneoff", "iiii", Answer::Poll),
    recent("sched_yield", "", Answer::Always(SUCCESS)),
    recent("sock_accept", "iii", Answer::Always(NOTSUP)),
    recent("sock_recv", "iiiiii", Answer::Always(NOTSUP)),
    recent("sock_send", "iiiii", Answer::Always(NOTSUP)),
    recent("sock_shutdown", "ii", Answer::Always(NOTSUP)),
];

pub(super) fn link<H: Host>(linker: &mut Linker<VmData<H>>) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    for module in WASI_MODULES {
        for function in WASI_FUNCTIONS {
            let kinds = function.parameters.chars().map(|kind| if kind == 'l' { ValType::I64 } else { ValType::I32 });
            let exits = matches!(function.answer, Answer::Exit);
            let signature = FuncType::new(&engine, kinds, (!exits).then_some(ValType::I32));
            linker.func_new(module, function.name, signature, move |caller, arguments, results| {
                permit(caller.data(), function.name)?;
                let errno = answer(function, caller, arguments)?;
                if let Some(result) = results.first_mut() {
                    *result = Val::I32(errno);
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

fn answer<H: Host>(
    function: &'static WasiFunction,
    caller: Caller<'_, VmData<H>>,
    arguments: &[Val],
) -> wasmtime::Result<i32> {
    let allowed = caller.data().host.allows(function.name);
    let mut call = Call::new(function.name, caller, arguments);
    let outcome = if allowed { run(function.answer, &mut call) } else { Ok(NOTCAPABLE) };
    let errno = match outcome {
        Ok(errno) => errno,
        Err(Fault::Status(_)) => FAULT,
        Err(Fault::Trap(trap)) => return Err(trap),
    };
    Ok(call.finish_with(errno))
}

fn run<H: Host>(answer: Answer, call: &mut Call<'_, H>) -> Result<i32, Fault> {
    match answer {
        Answer::Always(errno) => Ok(errno),
        Answer::StandardStreams => Ok(if is_standard_stream(call.number()) { SUCCESS } else { BADF }),
        Answer::FdWrite => write_line(call),
        Answer::FdStat => {
            if !is_standard_stream(call.number()) {
                return Ok(BADF);
            }
            // A file type of zero, no flags, and the single right to write.
            let mut stat = [0; 24];
            stat.iter_mut().skip(8).take(1).for_each(|rights| *rights = 64);
            let to = call.out();
            call.write(to.address(), &stat)?;
            Ok(SUCCESS)
        }
        Answer::ClockTime => {
            let (clock, _precision) = (call.number(), call.wide());
            if clock > 1 {
                return Ok(NOTSUP);
            }
            let now = call.host().unix_nanos();
            let to = call.out();
            call.give_wide(to, now)?;
            Ok(SUCCESS)
        }
        Answer::ClockResolution => {
            let _clock = call.number();
            let to = call.out();
            call.give_wide(to, 1)?;
            Ok(SUCCESS)
        }
        Answer::Random => {
            let to = call.out();
            let size = usize::try_from(call.number()).unwrap_or(usize::MAX);
            if size > MAX_RANDOM {
                return Ok(INVAL);
            }
            let mut bytes = vec![0; size];
            call.host().fill_random(&mut bytes);
            call.write(to.address(), &bytes)?;
            Ok(SUCCESS)
        }
        Answer::EnvironmentSizes => {
            let environment = call.host().environment();
            let (count, size) = (call.out(), call.out());
            let bytes: usize = environment.iter().map(|entry| entry.len() + 1).sum();
            call.give_number(count, u32::try_from(environment.len()).unwrap_or(u32::MAX))?;
            call.give_number(size, u32::try_from(bytes).unwrap_or(u32::MAX))?;
            Ok(SUCCESS)
        }
        Answer::Environment => {
            let (mut pointers, mut text) = (call.out().address(), call.out().address());
            for entry in call.host().environment() {
                call.write(pointers, &text.to_le_bytes())?;
                call.write(text, entry.as_bytes())?;
                let end = text.saturating_add(u32::try_from(entry.len()).unwrap_or(u32::MAX));
                call.write(end, &[0])?;
                text = end.saturating_add(1);
                pointers = pointers.saturating_add(4);
            }
            Ok(SUCCESS)
        }
        Answer::NoArguments => {
            let (count, size) = (call.out(), call.out());
            call.give_number(count, 0)?;
            call.give_number(size, 0)?;
            Ok(SUCCESS)
        }
        Answer::Poll => {
            let (_subscriptions, _events, _count, to) = (call.out(), call.out(), call.out(), call.out());
            call.give_number(to, 0)?;
            Ok(SUCCESS)
        }
        Answer::Exit => {
            // The real host logs and returns; the module then runs into its own `unreachable`.
            let code = call.number().cast_signed();
            call.host().log(LogLevel::Error, format!("proc_exit({code})").as_bytes());
            Ok(SUCCESS)
        }
    }
}

fn is_standard_stream(descriptor: u32) -> bool {
    descriptor == 1 || descriptor == 2
}

/// Writes the gathered parts as one log line, without one trailing line feed.
fn write_line<H: Host>(call: &mut Call<'_, H>) -> Result<i32, Fault> {
    let descriptor = call.number();
    let (vectors, count) = (call.out().address(), call.number());
    let written = call.out();
    let level = match descriptor {
        1 => LogLevel::Info,
        2 => LogLevel::Error,
        _ => return Ok(BADF),
    };
    let mut line = Vec::new();
    for index in 0..count {
        let at = vectors.saturating_add(index.saturating_mul(8));
        let header = call.peek(at, 8)?;
        let Some((pointer, rest)) = header.split_first_chunk::<4>() else { return Ok(FAULT) };
        let Some((length, _)) = rest.split_first_chunk::<4>() else { return Ok(FAULT) };
        line.extend(call.peek(u32::from_le_bytes(*pointer), u32::from_le_bytes(*length))?);
    }
    let size = u32::try_from(line.len()).unwrap_or(u32::MAX);
    let message = line.strip_suffix(b"\n").unwrap_or(&line);
    if !message.is_empty() {
        call.host().log(level, message);
    }
    call.give_number(written, size)?;
    Ok(SUCCESS)
}
