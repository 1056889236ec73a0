//! Where a subcommand reads from: a file, or standard input for `-`.

use std::io::{self, Read};
use std::path::Path;

/// The bytes of a file, or of standard input.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}
