//! One host function call in flight: decodes its arguments from the module's memory, encodes its results into it.
//!
//! Return by pointer follows the specification: for bytes the host asks the module's allocator for memory and hands that
//! over; for no bytes it writes a null pointer and asks for nothing.

use wasmtime::{AsContext, AsContextMut, Caller, Val};

use super::host::{Host, HostCall};
use super::pairs::{Pairs, decode_pairs, encode_pairs};
use super::types::Status;
use super::vm::{Phase, VmData};

/// What ends a call early: a status for the module, or a trap.
pub(super) enum Fault {
    Status(Status),
    Trap(wasmtime::Error),
}

impl From<Status> for Fault {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}

pub(super) type Outcome = Result<(), Fault>;

pub(super) struct Call<'a, H: Host> {
    caller: Caller<'a, VmData<H>>,
    arguments: &'a [Val],
    next: usize,
    record: HostCall,
    recording: bool,
}

impl<'a, H: Host> Call<'a, H> {
    pub(super) fn new(function: &'static str, caller: Caller<'a, VmData<H>>, arguments: &'a [Val]) -> Self {
        let recording = caller.data().host.is_recording();
        let record = HostCall { function, arguments: Vec::new(), results: Vec::new(), status: 0, bytes_copied: 0 };
        Self { caller, arguments, next: 0, record, recording }
    }

    pub(super) fn host(&mut self) -> &mut H {
        &mut self.caller.data_mut().host
    }

    /// The next argument as it is.
    fn raw(&mut self) -> u32 {
        let value = self.arguments.get(self.next).and_then(Val::i32).unwrap_or_default();
        self.next += 1;
        value.cast_unsigned()
    }

    /// The next argument, a number.
    pub(super) fn number(&mut self) -> u32 {
        let value = self.raw();
        self.note_argument(|| value.cast_signed().to_string());
        value
    }

    /// The next argument, a number of 64 bits.
    pub(super) fn wide(&mut self) -> i64 {
        let value = self.arguments.get(self.next).and_then(Val::i64).unwrap_or_default();
        self.next += 1;
        self.note_argument(|| value.to_string());
        value
    }

    /// The next argument as a value of one of the ABI's enums.
    pub(super) fn one_of<T: Copy>(
        &mut self,
        from: fn(u32) -> Option<T>,
        name: fn(T) -> &'static str,
    ) -> Result<T, Fault> {
        let number = self.raw();
        let value = from(number);
        self.note_argument(|| value.map_or_else(|| number.cast_signed().to_string(), |value| name(value).to_owned()));
        value.ok_or(Fault::Status(Status::BadArgument))
    }

    /// The next two arguments, a pointer and a size: the bytes there.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Fault> {
        let bytes = self.read()?;
        self.note_argument(|| quoted(&bytes));
        Ok(bytes)
    }

    /// The next two arguments, a pointer and a size: a path of segments joined by NUL.
    pub(super) fn path(&mut self) -> Result<Vec<u8>, Fault> {
        let path = self.read()?;
        self.note_argument(|| {
            let segments = path.split(|byte| *byte == 0).map(|segment| segment.escape_ascii().to_string());
            segments.collect::<Vec<_>>().join(".")
        });
        Ok(path)
    }

    /// The next two arguments, a pointer and a size: the pairs there. Bytes that are no pairs are no pairs at all, as in
    /// proxy-wasm-cpp-host.
    pub(super) fn pairs(&mut self) -> Result<Pairs, Fault> {
        let bytes = self.read()?;
        let pairs = decode_pairs(&bytes).unwrap_or_default();
        self.note_argument(|| shown_pairs(&pairs));
        Ok(pairs)
    }

    fn read(&mut self) -> Result<Vec<u8>, Fault> {
        let (pointer, size) = (self.raw(), self.raw());
        self.peek(pointer, size)
    }

    /// Bytes at an address that is no argument itself.
    pub(super) fn peek(&mut self, pointer: u32, size: u32) -> Result<Vec<u8>, Fault> {
        let bytes = self.slice(pointer, size).map(<[u8]>::to_vec).ok_or(Fault::Status(Status::InvalidMemoryAccess))?;
        self.record.bytes_copied += bytes.len();
        Ok(bytes)
    }

    fn slice(&self, pointer: u32, size: u32) -> Option<&[u8]> {
        let memory = self.caller.data().memory?;
        let start = usize::try_from(pointer).ok()?;
        let end = start.checked_add(usize::try_from(size).ok()?)?;
        memory.data(self.caller.as_context()).get(start..end)
    }

    /// The next argument, a pointer to which results go.
    pub(super) fn out(&mut self) -> Out {
        Out(self.raw())
    }

    /// Hands bytes over through a pointer to a pointer and a pointer to a size.
    pub(super) fn give_bytes(&mut self, pointer: Out, size: Out, bytes: &[u8]) -> Outcome {
        self.note_result(|| quoted(bytes));
        self.give(pointer, size, bytes)
    }

    /// Hands pairs over in the same way.
    pub(super) fn give_pairs(&mut self, pointer: Out, size: Out, pairs: &Pairs) -> Outcome {
        self.note_result(|| shown_pairs(pairs));
        self.give(pointer, size, &encode_pairs(pairs.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))))
    }

    fn give(&mut self, pointer: Out, size: Out, bytes: &[u8]) -> Outcome {
        let length = u32::try_from(bytes.len()).map_err(|_| Status::InvalidMemoryAccess)?;
        let address = if bytes.is_empty() { 0 } else { self.allocate(length)? };
        self.write(address, bytes)?;
        self.write(pointer.0, &address.to_le_bytes())?;
        self.write(size.0, &length.to_le_bytes())
    }

    /// Hands a number of 32 bits over.
    pub(super) fn give_number(&mut self, to: Out, value: u32) -> Outcome {
        self.note_result(|| value.to_string());
        self.write(to.0, &value.to_le_bytes())
    }

    /// Hands a number of 64 bits over.
    pub(super) fn give_wide(&mut self, to: Out, value: u64) -> Outcome {
        self.note_result(|| value.to_string());
        self.write(to.0, &value.to_le_bytes())
    }

    /// Writes bytes where the module asked for them.
    pub(super) fn write(&mut self, address: u32, bytes: &[u8]) -> Outcome {
        let invalid = Fault::Status(Status::InvalidMemoryAccess);
        let Some(memory) = self.caller.data().memory else { return Err(invalid) };
        self.record.bytes_copied += bytes.len();
        let Ok(start) = usize::try_from(address) else { return Err(invalid) };
        memory.write(self.caller.as_context_mut(), start, bytes).map_err(|_| invalid)
    }

    fn allocate(&mut self, size: u32) -> Result<u32, Fault> {
        let invalid = Status::InvalidMemoryAccess;
        let allocator = self.caller.data().allocator.clone().ok_or(invalid)?;
        let before = self.caller.data().phase;
        self.caller.data_mut().phase = Phase::Allocating;
        let address = allocator.call(&mut self.caller, size.cast_signed());
        self.caller.data_mut().phase = before;
        match address {
            Ok(0) => Err(invalid.into()),
            Ok(address) => Ok(address.cast_unsigned()),
            Err(trap) => Err(Fault::Trap(trap)),
        }
    }

    /// Ends the call: the number for the module, noted in the trace.
    pub(super) fn finish(mut self, outcome: Outcome) -> wasmtime::Result<i32> {
        let status = match outcome {
            Ok(()) => Status::Ok as i32,
            Err(Fault::Status(status)) => status as i32,
            Err(Fault::Trap(trap)) => return Err(trap),
        };
        Ok(self.finish_with(status))
    }

    /// Ends the call with a number that is no [`Status`], as WASI's functions do.
    pub(super) fn finish_with(&mut self, status: i32) -> i32 {
        self.record.status = status;
        self.caller.data_mut().bytes_copied += self.record.bytes_copied;
        if self.recording {
            let record = self.record.clone();
            self.host().record(record);
        }
        status
    }

    fn note_argument(&mut self, text: impl FnOnce() -> String) {
        if self.recording {
            self.record.arguments.push(text());
        }
    }

    fn note_result(&mut self, text: impl FnOnce() -> String) {
        if self.recording {
            self.record.results.push(text());
        }
    }
}

/// Where a result goes.
#[derive(Clone, Copy)]
pub(super) struct Out(u32);

impl Out {
    /// Whether the module does not want the result.
    pub(super) fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The address itself.
    pub(super) fn address(self) -> u32 {
        self.0
    }
}

fn shown_pairs(pairs: &Pairs) -> String {
    let shown = pairs.iter().map(|(name, value)| format!("{}: {}", name.escape_ascii(), value.escape_ascii()));
    format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
}

fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}
