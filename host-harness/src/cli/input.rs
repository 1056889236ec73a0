//! Where a subcommand reads from: a file, or standard input for `-`; and configurations, in JSON or YAML.

use std::io::{self, Read};
use std::path::Path;

/// The bytes of a file, or of standard input.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return std::fs::read(path);
    }
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file is YAML, by its name.
pub fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

/// YAML as JSON, which it becomes before a filter sees it, as a manifest's `pluginConfig` does.
pub fn json_of_yaml(yaml: &[u8]) -> Result<Vec<u8>, String> {
    let value = serde_yaml_ng::from_slice::<serde_json::Value>(yaml);
    value.map(|value| value.to_string().into_bytes()).map_err(|error| format!("expected YAML, but found: {error}"))
}

/// A filter's configuration in JSON; what is wrong names the file.
pub fn read_configuration(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = read(path).map_err(|error| format!("{}: expected a configuration, but: {error}", path.display()))?;
    if !is_yaml(path) {
        return Ok(bytes);
    }
    json_of_yaml(&bytes).map_err(|error| format!("{}: {error}", path.display()))
}
