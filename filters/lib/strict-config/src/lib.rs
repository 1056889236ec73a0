//! Strict JSON configuration: a text to what it means, with every problem, its path and its place.
//!
//! [`read`] makes a tree of [`Value`]s that know their line and column. A filter then asks the [`Reader`] for what it
//! expects, name by name; whatever is not so becomes a problem, and reading goes on, so that a user sees all that is wrong
//! at once. There is no derive and nothing generic in it, because every type that is read would be compiled again into each
//! module: one walk over a tree is small. It holds no filter's rules.
//!
//! ```
//! use strict_config::{Problems, read};
//!
//! struct Limit {
//!     name: String,
//!     bytes: u32,
//! }
//!
//! fn limit(json: &[u8]) -> Result<Limit, Problems> {
//!     let reader = read(json)?;
//!     let Some(mut object) = reader.object(reader.root()) else { return Err(reader.into_problems()) };
//!     let name = object.required("name").and_then(|name| reader.string(name)).unwrap_or_default().to_owned();
//!     let bytes = object.integer("bytes", 1..=4096).unwrap_or(1024);
//!     object.finish();
//!     reader.into_problems().unless_any(Limit { name, bytes })
//! }
//!
//! let sound = limit(br#"{"name": "head"}"#).unwrap();
//! assert_eq!((sound.name.as_str(), sound.bytes), ("head", 1024));
//!
//! let problems = limit(br#"{"name": 1, "byts": 2}"#).err().unwrap();
//! assert_eq!(
//!     problems.to_string(),
//!     "name: expected a string, but found 1 (line 1 column 10)\n\
//!      byts: expected bytes, but found \"byts\" (line 1 column 13)"
//! );
//! ```

#![forbid(unsafe_code)]

mod json;
mod problem;
mod reader;
mod spelling;
mod value;

pub use problem::{Problem, Problems};
pub use reader::{Object, Reader, read};
pub use value::{Kind, Member, Position, Quoted, Value};
