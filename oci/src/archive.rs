//! The one layer of a container image: a tar archive with a single file, compressed, to the same bytes on every machine; and
//! how it is read.
//!
//! Nothing of the machine goes in: no time, no owner, one mode, ustar alone. The compressor is one crate at one version, not
//! what another package in the build may choose for `flate2`.

use std::io::{self, Read};
use std::path::Path;

use flate2::Crc;
use flate2::read::GzDecoder;

/// The name that Istio and Envoy Gateway look for in an archive.
pub const PLUGIN_FILE: &str = "plugin.wasm";

/// miniz' slowest, which is made once and pulled often.
const LEVEL: u8 = 9;

/// The archive with one file, before it is compressed.
pub fn tar(name: &str, content: &[u8]) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Regular);
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    let mut archive = tar::Builder::new(Vec::new());
    archive.append_data(&mut header, name, content)?;
    archive.into_inner()
}

/// The same bytes compressed (RFC 1952), without time, name or operating system.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    const UNKNOWN_SYSTEM: u8 = 255;
    const SLOWEST: u8 = 2;
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, SLOWEST, UNKNOWN_SYSTEM];
    out.extend(miniz_oxide::deflate::compress_to_vec(content, LEVEL));
    let mut crc = Crc::new();
    crc.update(content);
    out.extend(crc.sum().to_le_bytes());
    // The format has the size modulo 2³², which `Crc` counts.
    out.extend(crc.amount().to_le_bytes());
    out
}

/// Why a layer gives no module, in the words of Istio's fetcher.
#[derive(Debug, thiserror::Error)]
pub enum NoPlugin {
    /// It is not compressed with gzip.
    #[error("failed to parse layer as tar.gz: gzip: invalid header")]
    NotCompressed,
    /// It ends too early or is no archive.
    #[error("{0}")]
    Broken(io::Error),
    /// It has other files.
    #[error("{PLUGIN_FILE} not found in the archive")]
    NoSuchFile {
        /// Those that it has.
        files: Vec<String>,
    },
    /// The file is larger than any consumer takes.
    #[error("failed to read {PLUGIN_FILE}: expected at most {limit} bytes, but found {size}")]
    TooLarge {
        /// The size.
        size: u64,
        /// The most.
        limit: u64,
    },
}

/// The first file of an archive whose last name is `plugin.wasm`, as Istio looks for it.
pub fn plugin(layer: &[u8], limit: u64) -> Result<Vec<u8>, NoPlugin> {
    if !layer.starts_with(&[0x1f, 0x8b]) {
        return Err(NoPlugin::NotCompressed);
    }
    // A few bytes that unfold to gigabytes end here: what comes before the file counts, too.
    let bounded = GzDecoder::new(layer).take(limit.saturating_mul(2));
    let mut archive = tar::Archive::new(bounded);
    let mut files = Vec::new();
    for entry in archive.entries().map_err(NoPlugin::Broken)? {
        let entry = entry.map_err(NoPlugin::Broken)?;
        let path = entry.path().map_err(NoPlugin::Broken)?.into_owned();
        if path.file_name() != Some(Path::new(PLUGIN_FILE).as_os_str()) {
            files.push(path.display().to_string());
            continue;
        }
        let size = entry.size();
        if size > limit {
            return Err(NoPlugin::TooLarge { size, limit });
        }
        let mut content = Vec::new();
        entry.take(limit).read_to_end(&mut content).map_err(NoPlugin::Broken)?;
        return Ok(content);
    }
    Err(NoPlugin::NoSuchFile { files })
}

/// The first file of an archive that is a module, whatever its name.
pub(crate) fn first_module(archive: &[u8]) -> Option<(String, Vec<u8>)> {
    for entry in tar::Archive::new(archive).entries().ok()? {
        let mut entry = entry.ok()?;
        let name = entry.path().ok()?.display().to_string();
        let mut content = Vec::new();
        // The archive lies in memory, so a file of it is never larger.
        entry.read_to_end(&mut content).ok()?;
        if content.starts_with(b"\0asm") {
            return Some((name, content));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    #[test]
    fn an_archive_is_the_same_bytes_everywhere() {
        let layer = gzip(&tar("plugin.wasm", b"module").expect("in memory"));
        insta::assert_snapshot!(Digest::of(&layer), @"sha256:629fd2d9c2b4a7d344f15807161bb1dec1d48f8ff7e78efda3d4c50267a61158");
        assert_eq!(plugin(&layer, 100_000).expect("its own form"), b"module");
    }

    #[test]
    fn the_file_is_found_in_any_folder_and_under_no_other_name() {
        for name in ["plugin.wasm", "./plugin.wasm", "a/b/plugin.wasm"] {
            let layer = gzip(&tar(name, b"module").expect("in memory"));
            assert_eq!(plugin(&layer, 100_000).expect(name), b"module");
        }
        let other = gzip(&tar("filter.wasm", b"module").expect("in memory"));
        let error = plugin(&other, 100_000).expect_err("another name");
        assert_eq!(error.to_string(), "plugin.wasm not found in the archive");
    }

    #[test]
    fn a_layer_that_is_no_archive_or_too_large_gives_none() {
        let archive = tar("plugin.wasm", &[0; 4096]).expect("in memory");
        let raw = plugin(&archive, 100_000).expect_err("not compressed").to_string();
        assert_eq!(raw, "failed to parse layer as tar.gz: gzip: invalid header");
        let compressed = gzip(&archive);
        assert!(matches!(plugin(&compressed, 1000), Err(NoPlugin::TooLarge { size: 4096, limit: 1000 })));
        assert!(matches!(plugin(&compressed[..compressed.len() / 2], 100_000), Err(NoPlugin::Broken(_))));
    }
}
