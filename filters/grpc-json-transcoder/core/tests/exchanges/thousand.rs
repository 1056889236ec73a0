//! The configuration of a thousand methods, for a test and for a benchmark.

use crate::descriptors::descriptor_set;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Ten services of a hundred methods, each with a message of its own.
fn declarations() -> String {
    let mut text = String::new();
    for service in 0..10 {
        let mut methods = String::new();
        for method in 0..100 {
            let message = format!("M{service}x{method}");
            text.push_str(&format!(
                "message {message} {{ int64 id = 1; {message} next = 2; repeated string tags = 3; }}\n"
            ));
            methods.push_str(&format!(
                r#"rpc R{method}({message}) returns ({message}) {{ option (google.api.http) = {{
                    get: "/v{service}/r{method}/{{id}}" additional_bindings {{ put: "/v{service}/r{method}/{{id}}:put" body: "*" }}
                }}; }}"#
            ));
        }
        text.push_str(&format!("service S{service} {{ {methods} }}\n"));
    }
    text
}

/// Their configuration.
pub fn configuration() -> String {
    let services: Vec<String> = (0..10).map(|service| format!("\"t.S{service}\"")).collect();
    let set = STANDARD.encode(descriptor_set(&declarations()));
    format!(r#"{{"services": [{}], "proto_descriptor_bin": "{set}", "cluster": "c"}}"#, services.join(","))
}
