//! HTTP rules: which requests a method answers, and where their parts go.
//!
//! [`HttpRule`] is a `google.api.HttpRule` as it was written, in an annotation or in a service configuration. [`compile`] judges
//! the rules of all services against the schema and makes a [`Router`](crate::router::Router) of them, or says everything that
//! is wrong, and where. Source: `google/api/http.proto`.

mod compile;
mod http_rule;

pub use compile::{RuleOptions, compile};
pub use http_rule::{HttpRule, Pattern};

use crate::template::Span;
use protojson::{FieldId, MessageId};

/// The fields that lead from a message to a value in it, at least one.
pub type FieldPath = Box<[FieldId]>;

/// One method under one HTTP method and path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompiledRule {
    /// The path of the gRPC method: `/package.Service/Method`.
    pub grpc_path: String,
    /// The message of a request.
    pub input: MessageId,
    /// The message of a reply.
    pub output: MessageId,
    /// Whether the client sends a stream of messages.
    pub client_streaming: bool,
    /// Whether the server answers with a stream of messages.
    pub server_streaming: bool,
    /// Which part of the message the body of a request is.
    pub body: Body,
    /// Whether that part is a `google.api.HttpBody`: the body of a request is then its data.
    pub takes_http_body: bool,
    /// The field of the reply that is the body of a response; the whole reply if there is none.
    pub response_body: Option<FieldPath>,
    /// Whether what is the body of a response is a `google.api.HttpBody`: its data is then the body.
    pub gives_http_body: bool,
    /// What parts of the path are bound to.
    pub variables: Vec<Variable>,
}

/// Which part of the message the body of a request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    None,
    /// All of it: `*`.
    All,
    /// A field: of the message itself in the profile `strict`, perhaps of a message within it in `envoy`.
    Field(FieldPath),
}

/// A part of the path and the field that it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The field.
    pub path: FieldPath,
    /// The part.
    pub span: Span,
}

impl CompiledRule {
    /// The full name of the service.
    pub fn service(&self) -> &str {
        self.grpc_path.trim_start_matches('/').split('/').next().unwrap_or_default()
    }
}
