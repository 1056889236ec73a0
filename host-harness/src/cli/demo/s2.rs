//! S2, HTTP clients of a gRPC service: the requests that are sent to its mesh, and what must come back.
//!
//! The service speaks gRPC alone; the gateway turns JSON into it and back, by the rules in the service's own `.proto`. What
//! differs from answer to answer (two identifiers) is compared by its form.

use std::net::SocketAddr;

use http::Request;
use serde::Serialize;
use serde_json::{Value, json};

use super::client;
use super::form::{Form, manifests};
use super::mark;
use crate::cli::console::{Console, DIM};

/// The only form: the guides' manifests.
pub const FORMS: [Form; 1] = [Form {
    name: "s2-transcoding",
    title: "the guides' manifests: JSON at the gateway, gRPC behind it",
    files: manifests!("s2-transcoding": "services.yaml", "routing.yaml", "filters.yaml", "weft.yaml"),
}];

/// What stands for an identifier when answers are compared.
const ANY: &str = "…";

/// What a mesh answered.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Requests one after the other.
    pub exchanges: Vec<Exchange>,
}

/// One request and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// As one would type it.
    pub sent: String,
    /// The status, or 0 when there was no answer.
    pub status: u16,
    /// The body, or why there is none.
    pub body: String,
    /// The status and the body that the mission asks for, with `…` where an identifier stands.
    pub expected: (u16, Value),
    /// Whether they came.
    pub good: bool,
}

/// Sends every request of the scenario to a gateway.
pub async fn probe(gateway: SocketAddr) -> Report {
    const SERVICE: &str = "/org.feuyeux.grpc.LandingService";
    let (hello, bonjour) = (result("Hello", "JAVA", "0"), result("Bonjour", "RUST", "1"));
    let (one, both) = (response(&[&hello]), response(&[&hello, &bonjour]));
    let each = json!([response(&[&result("Hello", "GO", "0")]), response(&[&result("Bonjour", "GO", "1")])]);
    let missing = "expected the index of a greeting from 0 to 5, but found 9";
    let status = json!({"code": 5, "message": missing, "details": []});
    let two = r#"[{"data": "0", "meta": "java"}, {"data": "1", "meta": "rust"}]"#;
    let exchanges = vec![
        ask(gateway, "/v1/talk/0/java", None, (200, one)).await,
        ask(gateway, &format!("{SERVICE}/talkMoreAnswerOne"), Some(two), (200, both)).await,
        ask(gateway, &format!("{SERVICE}/talkOneAnswerMore"), Some(r#"{"data": "0,1", "meta": "go"}"#), (200, each))
            .await,
        ask(gateway, "/v1/talk/9/java", None, (404, status)).await,
    ];
    Report { exchanges }
}

fn response(results: &[&Value]) -> Value {
    json!({"status": 200, "results": results})
}

fn result(greeting: &str, language: &str, index: &str) -> Value {
    json!({"id": ANY, "type": "OK", "kv": {"data": greeting, "meta": language, "id": ANY, "idx": index}})
}

/// A GET, or a POST with a body.
async fn ask(gateway: SocketAddr, path: &str, body: Option<&str>, expected: (u16, Value)) -> Exchange {
    let (request, shown) = match body {
        None => (Request::get(path), String::new()),
        Some(body) => (Request::post(path).header("content-type", "application/json"), format!("-d '{body}' ")),
    };
    let (status, body) = match client::send(gateway, request, body.unwrap_or_default()).await {
        Ok(answer) => answer,
        Err(error) => (0, format!("{error:#}")),
    };
    let found = serde_json::from_str(&body).map(without_identifiers).ok();
    let good = status == expected.0 && found.as_ref() == Some(&expected.1);
    Exchange { sent: format!("curl {shown}http://{gateway}{path}"), status, body, expected, good }
}

/// The same, with `…` in the place of what is an identifier: a number in a string, a UUID.
fn without_identifiers(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => items.iter_mut().for_each(|item| *item = without_identifiers(item.take())),
        Value::Object(members) => {
            for (name, member) in members {
                *member = match member.as_str() {
                    Some(text) if name == "id" && is_identifier(text) => json!(ANY),
                    _ => without_identifiers(member.take()),
                };
            }
        }
        _ => {}
    }
    value
}

fn is_identifier(text: &str) -> bool {
    let uuid = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    uuid || (text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

impl Report {
    /// Whether everything is as the mission asks.
    pub fn is_good(&self) -> bool {
        self.exchanges.iter().all(|exchange| exchange.good)
    }

    pub(super) fn print(&self, console: &Console) {
        for Exchange { sent, status, body, expected, good } in &self.exchanges {
            console.line(format_args!("  {DIM}${DIM:#} {sent}"));
            console.line(format_args!("    {} {status}", mark(*good)));
            for line in body.lines() {
                console.line(format_args!("      {line}"));
            }
            if !good {
                console.line(format_args!("      expected {} {}", expected.0, expected.1));
            }
        }
    }
}
