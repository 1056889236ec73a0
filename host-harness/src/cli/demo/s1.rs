//! S1, the full-link A/B test: the requests that are sent to its mesh, and what must come back.
//!
//! Three services in a chain, each as v1 and v2. Nobody but the gateway's client says `route-v`, no service passes it on, and
//! yet whoever sends `route-v: v2` is served by v2 all the way. There are two forms of it: the guides' own, where the filter
//! stamps a constant on each hop, and ours, where one plugin for all lets the header travel.

use std::net::SocketAddr;

use http::Request;
use serde::Serialize;
use tokio::task::JoinSet;

use super::client;
use super::form::{Form, manifests};
use super::mark;
use crate::cli::console::{Console, DIM};

/// Both forms.
pub const FORMS: [Form; 2] = [
    Form {
        name: "s1-stamps",
        title: "the guides' manifests: a constant stamped on each hop",
        files: manifests!("s1-stamps": "services.yaml", "routing.yaml", "filters.yaml", "weft.yaml"),
    },
    Form {
        name: "s1-propagate",
        title: "one plugin for all: the header travels by itself",
        files: manifests!("s1-propagate": "services.yaml", "routing.yaml", "filters.yaml", "weft.yaml"),
    },
];

/// The header that chooses the lane.
const LANE_HEADER: &str = "route-v";
/// How often each lane is asked, one after the other.
const ROUNDS: usize = 3;
/// How many requests are on their way at once in the demo, both lanes mixed.
pub const CROWD: usize = 60;

/// Who serves a request all the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    V1,
    V2,
}

/// What a mesh answered.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Requests one after the other.
    pub exchanges: Vec<Exchange>,
    /// Requests all at once.
    pub crowd: Crowd,
}

/// One request and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// As one would type it.
    pub sent: String,
    /// The status, or 0 when there was no answer.
    pub status: u16,
    /// What each hop served, the first first.
    pub served: Vec<String>,
    /// The body that the mission asks for.
    pub expected: String,
    /// Whether it came.
    pub good: bool,
}

/// Many requests at once.
#[derive(Clone, Debug, Serialize)]
pub struct Crowd {
    /// How many were sent, the lanes in turn.
    pub requests: usize,
    /// How many chains were of one lane, and of the right one.
    pub pure: usize,
    /// Those that were not.
    pub mixed: Vec<Exchange>,
}

/// Sends every request of the scenario to a gateway, and then that many at once.
pub async fn probe(gateway: SocketAddr, at_once: usize) -> Report {
    let mut exchanges = Vec::new();
    for lane in [Lane::V2, Lane::V1] {
        for _ in 0..ROUNDS {
            exchanges.push(ask(gateway, lane, "eric").await);
        }
    }
    let mut crowd = JoinSet::new();
    for number in 0..at_once {
        let lane = if number % 2 == 0 { Lane::V2 } else { Lane::V1 };
        // Each says something else, so that no answer can be taken for another's.
        crowd.spawn(async move { ask(gateway, lane, &format!("eric{number}")).await });
    }
    let mixed: Vec<Exchange> = crowd.join_all().await.into_iter().filter(|exchange| !exchange.good).collect();
    let crowd = Crowd { requests: at_once, pure: at_once - mixed.len(), mixed };
    Report { exchanges, crowd }
}

async fn ask(gateway: SocketAddr, lane: Lane, message: &str) -> Exchange {
    let path = format!("/hello/{message}");
    let header = lane.header();
    let shown = header.map(|(name, value)| format!("-H '{name}: {value}' ")).unwrap_or_default();
    let request = Request::get(&path);
    let request = match header {
        Some((name, value)) => request.header(name, value),
        None => request,
    };
    let (status, body) = match client::send(gateway, request, "").await {
        Ok(answer) => answer,
        Err(error) => (0, format!("{error:#}")),
    };
    let expected = lane.chain(message);
    Exchange {
        sent: format!("curl {shown}http://{gateway}{path}"),
        status,
        good: status == 200 && body == expected,
        served: body.split('<').map(str::to_owned).collect(),
        expected,
    }
}

impl Lane {
    /// What a client of this lane sends.
    fn header(self) -> Option<(&'static str, &'static str)> {
        (self == Self::V2).then_some((LANE_HEADER, "v2"))
    }

    /// What a pure chain answers.
    fn chain(self, message: &str) -> String {
        let greeting = match self {
            Self::V1 => "Hello",
            Self::V2 => "Bonjour",
        };
        [1, 2, 3].map(|hop| format!("{greeting} {message}@hello{hop}:127.0.0.1")).join("<")
    }
}

impl Report {
    /// Whether everything is as the mission asks.
    pub fn is_good(&self) -> bool {
        self.exchanges.iter().all(|exchange| exchange.good) && self.crowd.mixed.is_empty()
    }

    /// Shows every exchange and whether it is right.
    pub fn print(&self, console: &Console) {
        self.exchanges.iter().for_each(|exchange| exchange.print(console));
        let Crowd { requests, pure, mixed } = &self.crowd;
        let mark = mark(pure == requests);
        console.line(format_args!("  {mark} {requests} requests at once, both lanes mixed: {pure} chains pure"));
        mixed.iter().for_each(|exchange| exchange.print(console));
    }
}

impl Exchange {
    fn print(&self, console: &Console) {
        let Self { sent, status, served, expected, good } = self;
        console.line(format_args!("  {DIM}${DIM:#} {sent}"));
        console.line(format_args!("    {} {}", mark(*good), served.join(&format!(" {DIM}<{DIM:#} "))));
        if !good {
            console.line(format_args!("      status {status}, expected {expected}"));
        }
    }
}
