//! Times: windows in which a condition holds, and ramps along which a percentage grows.
//!
//! All of it is computed from the clock and the configuration, so nothing has to be pushed when a window opens or a
//! ramp moves on. It knows no requests.

mod calendar;
mod cursor;
mod instant;
mod ramp;
mod window;
mod zone;

pub(crate) use ramp::Ramp;
pub(crate) use window::Window;
