//! S3, full-link gray release: the requests that are sent to each of its meshes, and what must come back.
//!
//! The gateway calls A over HTTP, and A calls B over gRPC; each is there as base and as gray, and an answer names what
//! served. Neither passes the label on. What is left to chance (weights, whose turn it is) is asked often enough to be
//! told from what is not: a count beyond its bounds comes about by chance once in a million times.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use futures_util::{StreamExt, stream};
use http::Request;
use serde::Serialize;

use super::chance::bounds;
use super::client;
use super::form::{Form, manifests};
use super::mark;
use crate::cli::console::{Console, DIM};

/// A form of the scenario with what is asked of it.
#[derive(Clone, Copy, Debug)]
pub struct Variant {
    /// Its mesh.
    pub form: Form,
    asked: &'static [Asked],
}

/// Many requests that are alike.
#[derive(Clone, Copy, Debug)]
struct Asked {
    headers: &'static [(&'static str, &'static str)],
    requests: u32,
    /// What serves, and how many of a hundred requests; nothing else may.
    expected: &'static [(&'static str, u8)],
}

const BASE_BASE: &str = "--> HTTP A-Base --> gRPC B-Base.";
const BASE_GRAY: &str = "--> HTTP A-Base --> gRPC B-Gray.";
const GRAY_BASE: &str = "--> HTTP A-Gray --> gRPC B-Base.";
const GRAY_GRAY: &str = "--> HTTP A-Gray --> gRPC B-Gray.";

/// How many requests tell that nothing is left to chance, that two serve in turn, and that weights hold.
const FEW: u32 = 20;
const SOME: u32 = 60;
const MANY: u32 = 1000;

/// What a client says its label is.
const GRAY: &[(&str, &str)] = &[("x-asm-prefer-tag", "version-gray")];
const BASE: &[(&str, &str)] = &[("x-asm-prefer-tag", "version-base")];
/// What a client's device is, and one that would like to be gray.
const IPHONE: &[(&str, &str)] = &[("user-agent", "Mozilla/5.0 (iPhone13,3; U; CPU iPhone OS 14_0 like Mac OS X)")];
const ANDROID: &[(&str, &str)] = &[("user-agent", "Mozilla/5.0 (Linux; Android 11; Pixel 5)")];
const PRETENDER: &[(&str, &str)] = &[("user-agent", "curl/8.0"), ("userdefinelabel1", "version-gray")];

/// All variants.
pub const VARIANTS: [Variant; 6] = [
    Variant {
        form: Form {
            name: "s3-none",
            title: "nothing configured: base and gray serve in turn",
            files: manifests!("s3": "services.yaml", "gateway-balanced.yaml", "weft.yaml"),
        },
        asked: &[
            Asked { headers: GRAY, requests: SOME, expected: ANYTHING },
            Asked { headers: BASE, requests: SOME, expected: ANYTHING },
        ],
    },
    Variant {
        form: Form {
            name: "s3-b",
            title: "a label route on B alone: A serves in turn, B by the label",
            files: manifests!("s3": "services.yaml", "gateway-balanced.yaml", "server-by-label.yaml",
                "label-from-request.yaml", "weft.yaml"),
        },
        asked: &[
            Asked { headers: GRAY, requests: SOME, expected: &[(BASE_GRAY, 50), (GRAY_GRAY, 50)] },
            Asked { headers: BASE, requests: SOME, expected: &[(BASE_BASE, 50), (GRAY_BASE, 50)] },
        ],
    },
    Variant {
        form: Form {
            name: "s3-gateway",
            title: "label routes at the gateway and on B: one lane all the way",
            files: manifests!("s3": "services.yaml", "gateway-by-label.yaml", "server-by-label.yaml",
                "label-from-request.yaml", "label-at-gateway.yaml", "weft.yaml"),
        },
        asked: &[
            Asked { headers: GRAY, requests: FEW, expected: &[(GRAY_GRAY, 100)] },
            Asked { headers: BASE, requests: FEW, expected: &[(BASE_BASE, 100)] },
        ],
    },
    Variant {
        form: Form {
            name: "s3-weights",
            title: "weights at the gateway: one in ten to the label's A, all to the label's B",
            files: manifests!("s3": "services.yaml", "gateway-by-weight.yaml", "server-by-label.yaml",
                "label-from-request.yaml", "label-at-gateway.yaml", "weft.yaml"),
        },
        asked: &[
            Asked { headers: GRAY, requests: MANY, expected: &[(BASE_GRAY, 90), (GRAY_GRAY, 10)] },
            Asked { headers: BASE, requests: FEW, expected: &[(BASE_BASE, 100)] },
        ],
    },
    Variant {
        form: Form {
            name: "s3-lanes",
            title: "swim lanes: the label of the pod that calls, whatever the request says",
            files: manifests!("s3": "services.yaml", "gateway-balanced.yaml", "server-by-label.yaml",
                "label-of-pod.yaml", "weft.yaml"),
        },
        asked: &[
            Asked { headers: GRAY, requests: SOME, expected: &[(BASE_BASE, 50), (GRAY_GRAY, 50)] },
            Asked { headers: BASE, requests: SOME, expected: &[(BASE_BASE, 50), (GRAY_GRAY, 50)] },
        ],
    },
    Variant {
        form: Form {
            name: "s3-iphone",
            title: "a rule at the gateway: users of an iPhone13 are gray, all others base",
            files: manifests!("s3": "services.yaml", "gateway-by-label.yaml", "server-by-label.yaml",
                "label-from-request.yaml", "label-by-user-agent.yaml", "weft.yaml"),
        },
        asked: &[
            Asked { headers: IPHONE, requests: FEW, expected: &[(GRAY_GRAY, 100)] },
            Asked { headers: ANDROID, requests: FEW, expected: &[(BASE_BASE, 100)] },
            Asked { headers: PRETENDER, requests: FEW, expected: &[(BASE_BASE, 100)] },
        ],
    },
];

const ANYTHING: &[(&str, u8)] = &[(BASE_BASE, 25), (BASE_GRAY, 25), (GRAY_BASE, 25), (GRAY_GRAY, 25)];

/// How many requests are on their way at once.
const AT_ONCE: usize = 8;

/// What a mesh answered.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Requests that are alike, together.
    pub groups: Vec<Group>,
}

/// Many requests that are alike, and what became of them.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// One of them, as one would type it.
    pub sent: String,
    /// How many were sent.
    pub requests: u32,
    /// How they were answered, what was expected first.
    pub answers: Vec<Answer>,
}

/// Answers that are alike.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// What served, or what went wrong.
    pub served: String,
    /// How often.
    pub times: u32,
    /// How often in a hundred requests the mission has it.
    pub percent: u8,
    /// The least times that are as they should be.
    pub least: u32,
    /// The most.
    pub most: u32,
    /// Whether it is between them.
    pub good: bool,
}

impl Variant {
    /// Sends every request of the variant to its gateway.
    pub async fn probe(&self, gateway: SocketAddr) -> Report {
        let mut groups = Vec::new();
        for asked in self.asked {
            groups.push(asked.ask(gateway).await);
        }
        Report { groups }
    }
}

impl Asked {
    async fn ask(&self, gateway: SocketAddr) -> Group {
        let requests = (0..self.requests).map(|_| self.ask_once(gateway));
        let answers: Vec<String> = stream::iter(requests).buffer_unordered(AT_ONCE).collect().await;
        let mut times = BTreeMap::from_iter(self.expected.iter().map(|(served, _)| ((*served).to_owned(), 0)));
        for served in answers {
            *times.entry(served).or_insert(0) += 1;
        }
        let shown: String = self.headers.iter().map(|(name, value)| format!("-H '{name}: {value}' ")).collect();
        let answers = times.into_iter().map(|(served, times)| {
            let percent = self.expected.iter().find(|(expected, _)| *expected == served).map_or(0, |it| it.1);
            let (least, most) = bounds(self.requests, percent);
            Answer { good: (least..=most).contains(&times), served, times, percent, least, most }
        });
        let mut answers: Vec<_> = answers.collect();
        answers.sort_by_key(|answer| std::cmp::Reverse(answer.percent));
        Group { sent: format!("curl {shown}http://{gateway}/hello"), requests: self.requests, answers }
    }

    async fn ask_once(&self, gateway: SocketAddr) -> String {
        let request = self.headers.iter().fold(Request::get("/hello"), |it, (name, value)| it.header(*name, *value));
        match client::send(gateway, request, "").await {
            Ok((200, served)) => served,
            Ok((status, body)) => format!("status {status} {body}"),
            Err(error) => format!("{error:#}"),
        }
    }
}

impl Report {
    /// Whether everything is as the mission asks.
    pub fn is_good(&self) -> bool {
        self.groups.iter().flat_map(|group| &group.answers).all(|answer| answer.good)
    }

    pub(super) fn print(&self, console: &Console) {
        for Group { sent, requests, answers } in &self.groups {
            console.line(format_args!("  {DIM}${DIM:#} {sent}  {DIM}{requests} times{DIM:#}"));
            for Answer { served, times, percent, least, most, good } in answers {
                let expected = match percent {
                    0 => "never expected".to_owned(),
                    100 => "always".to_owned(),
                    percent => format!("{percent} %: {least} to {most}"),
                };
                console.line(format_args!("    {} {times:>4} × {served}  {DIM}{expected}{DIM:#}", mark(*good)));
            }
        }
    }
}
