//! Gateway: what a gateway workload listens on and for which hosts.

use serde::Deserialize;

use crate::mesh::manifest::Labels;

/// `networking.istio.io` Gateway.
#[derive(Clone, Debug, Deserialize)]
pub struct GatewaySpec {
    /// The gateway workload.
    #[serde(default)]
    pub selector: Labels,
    /// Its listeners.
    pub servers: Vec<Server>,
}

/// One listener.
#[derive(Clone, Debug, Deserialize)]
pub struct Server {
    /// Its port.
    pub port: Port,
    /// `host`, `*`, `*.suffix`, or one of these after `namespace/`.
    pub hosts: Vec<String>,
}

/// A port of a gateway.
#[derive(Clone, Debug, Deserialize)]
pub struct Port {
    /// The number that the cluster knows; here the OS picks another.
    pub number: u16,
    /// What it speaks.
    pub protocol: ServerProtocol,
}

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ServerProtocol {
    /// HTTP/1.1, and HTTP/2 by prior knowledge.
    Http,
    /// The same listener.
    Http2,
    /// The same listener.
    Grpc,
    /// The same listener.
    #[serde(rename = "GRPC-WEB")]
    GrpcWeb,
    /// Served in plain text, with a warning.
    Https,
    /// Left out with a warning.
    Tcp,
    /// Left out with a warning.
    Tls,
    /// Left out with a warning.
    Mongo,
}
