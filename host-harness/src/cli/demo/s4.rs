//! S4, cross-origin access: the requests that a browser sends for a page, and whether it would let the page read the answers.
//!
//! The page and the service that it asks are behind one gateway, at two hosts, which makes them two origins. A browser's
//! part is played by the CORS check and the preflight of the Fetch standard (§4.9 and §4.8); a real one is asked by
//! `tests/tests/browser.rs`.

use std::net::SocketAddr;

use http::{HeaderMap, Request, Response};
use serde::Serialize;

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

/// What a page asks for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// The origin of the page.
    page: &'static str,
    sent: Sent,
    /// Whether it gets it.
    allowed: bool,
}

/// What a browser sends for it first.
#[derive(Clone, Copy, Debug)]
enum Sent {
    Simple,
    WithCookies,
    /// A preflight, for the method of the request and the name of its header.
    Preflight(&'static str, &'static str),
}

/// Pages; where the front end is on this machine, its port is the gateway's.
const FRONT_END: &str = "http://www.shop.localhost:PORT";
const PUBLIC: &str = "https://www.shop.example";
const MOBILE: &str = "https://m7.shop.example";
const STRANGER: &str = "https://www.shop.example.evil.example";
/// What they ask.
const SERVICE: &str = "details.shop.localhost";
const PATH: &str = "/details/2";

/// Both variants.
pub const VARIANTS: [Variant; 2] = [
    Variant {
        form: Form {
            name: "s4-closed",
            title: "no policy: no page of another origin may read",
            files: manifests!("s4": "services.yaml", "routing.yaml", "details-closed.yaml", "weft.yaml"),
        },
        asked: &[
            Asked { page: FRONT_END, sent: Sent::Simple, allowed: false },
            Asked { page: FRONT_END, sent: Sent::WithCookies, allowed: false },
            Asked { page: FRONT_END, sent: Sent::Preflight("GET", "x-user"), allowed: false },
        ],
    },
    Variant {
        form: Form {
            name: "s4-open",
            title: "the policy of the VirtualService: the front end may read, strangers may not",
            files: manifests!("s4": "services.yaml", "routing.yaml", "details-open.yaml", "weft.yaml"),
        },
        asked: &[
            Asked { page: FRONT_END, sent: Sent::Simple, allowed: true },
            Asked { page: FRONT_END, sent: Sent::WithCookies, allowed: true },
            Asked { page: FRONT_END, sent: Sent::Preflight("GET", "x-user"), allowed: true },
            Asked { page: FRONT_END, sent: Sent::Preflight("DELETE", "x-user"), allowed: false },
            Asked { page: FRONT_END, sent: Sent::Preflight("GET", "x-admin"), allowed: false },
            Asked { page: PUBLIC, sent: Sent::Simple, allowed: true },
            Asked { page: MOBILE, sent: Sent::Simple, allowed: true },
            Asked { page: STRANGER, sent: Sent::Simple, allowed: false },
            Asked { page: STRANGER, sent: Sent::Preflight("GET", "x-user"), allowed: false },
        ],
    },
];

/// What a mesh answered.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Where the page is.
    pub page: String,
    /// Requests one after the other.
    pub exchanges: Vec<Exchange>,
}

/// One request and what a browser makes of the answer.
#[derive(Clone, Debug, Serialize)]
pub struct Exchange {
    /// As one would type it.
    pub sent: String,
    /// The status, or 0 when there was no answer.
    pub status: u16,
    /// The headers that a browser decides by.
    pub headers: Vec<(String, String)>,
    /// The body, or why there is none.
    pub body: String,
    /// Why a browser does not let the page have it, if it does not.
    pub blocked: Option<String>,
    /// Whether it should let the page have it.
    pub allowed: bool,
    /// Whether all is as it should be.
    pub good: bool,
}

impl Variant {
    /// Sends every request of the variant to its gateway.
    pub async fn probe(&self, gateway: SocketAddr) -> Report {
        let mut exchanges = Vec::new();
        for asked in self.asked {
            exchanges.push(asked.ask(gateway).await);
        }
        Report { page: at(FRONT_END, gateway) + "/", exchanges }
    }
}

impl Asked {
    async fn ask(self, gateway: SocketAddr) -> Exchange {
        let port = gateway.port();
        let origin = at(self.page, gateway);
        let mut headers = vec![("origin", origin.as_str())];
        let method = match self.sent {
            Sent::Simple => "GET",
            Sent::WithCookies => {
                headers.push(("cookie", "session=eric"));
                "GET"
            }
            Sent::Preflight(method, header) => {
                headers.push(("access-control-request-method", method));
                headers.push(("access-control-request-headers", header));
                "OPTIONS"
            }
        };
        let mut shown = format!("curl -i -X {method} ");
        let mut request = Request::builder().method(method).uri(PATH).header("host", format!("{SERVICE}:{port}"));
        for (name, value) in headers {
            shown += &format!("-H '{name}: {value}' ");
            request = request.header(name, value);
        }
        let (answer, unanswered) = match client::exchange(gateway, request, "").await {
            Ok(answer) => (answer, None),
            Err(error) => (Response::default(), Some(format!("{error:#}"))),
        };
        let status = if unanswered.is_some() { 0 } else { answer.status().as_u16() };
        let blocked = unanswered.clone().or_else(|| self.sent.why_blocked(&answer, &origin));
        // Whoever may not read is answered all the same: it is the browser that keeps it from the page.
        let served = match self.sent {
            Sent::Preflight(..) => true,
            Sent::Simple | Sent::WithCookies => status == 200 && answer.body().contains("\"id\":2"),
        };
        let decisive = answer.headers().iter().filter(|(name, _)| name.as_str().starts_with("access-control-"));
        Exchange {
            sent: format!("{shown}http://{SERVICE}:{port}{PATH}"),
            status,
            headers: decisive.map(|(name, value)| (name.to_string(), shown_value(value.as_bytes()))).collect(),
            good: unanswered.is_none() && served && blocked.is_none() == self.allowed,
            body: unanswered.unwrap_or_else(|| answer.body().clone()),
            blocked,
            allowed: self.allowed,
        }
    }
}

/// An origin, if it is behind the gateway at its port.
fn at(page: &str, gateway: SocketAddr) -> String {
    page.replace("PORT", &gateway.port().to_string())
}

impl Sent {
    /// Why a browser does not let a page of this origin have the answer, or does not send what the preflight is for.
    fn why_blocked(self, answer: &Response<String>, origin: &str) -> Option<String> {
        let value = |name: &str| all_of(answer.headers(), name);
        let complaint = |name: &str, expected: &str| {
            let found = value(name).unwrap_or_else(|| "none".to_owned());
            Some(format!("expected {name} to be {expected}, but found {found}"))
        };
        let with_cookies = matches!(self, Self::WithCookies);
        let allowed = value("access-control-allow-origin");
        if allowed.as_deref() != Some(origin) && (with_cookies || allowed.as_deref() != Some("*")) {
            return complaint("access-control-allow-origin", origin);
        }
        if with_cookies && value("access-control-allow-credentials").as_deref() != Some("true") {
            return complaint("access-control-allow-credentials", "true");
        }
        let Self::Preflight(method, header) = self else { return None };
        if !answer.status().is_success() {
            return Some(format!("expected a status of success, but found {}", answer.status()));
        }
        let lists = |name: &str, item: &str, same: fn(&str, &str) -> bool| {
            let list = value(name).unwrap_or_default();
            list.split(',').map(str::trim).any(|listed| listed == "*" || same(listed, item))
        };
        let is_safelisted = ["GET", "HEAD", "POST"].contains(&method);
        if !is_safelisted && !lists("access-control-allow-methods", method, |one, other| one == other) {
            return complaint("access-control-allow-methods", method);
        }
        if !lists("access-control-allow-headers", header, str::eq_ignore_ascii_case) {
            return complaint("access-control-allow-headers", header);
        }
        None
    }
}

/// A header's value; several are one with commas.
fn all_of(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| shown_value(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

fn shown_value(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

impl Report {
    /// Whether everything is as the mission asks.
    pub fn is_good(&self) -> bool {
        self.exchanges.iter().all(|exchange| exchange.good)
    }

    pub(super) fn print(&self, console: &Console) {
        for Exchange { sent, status, headers, body, blocked, good, .. } in &self.exchanges {
            console.line(format_args!("  {DIM}${DIM:#} {sent}"));
            console.line(format_args!("    {} {status} {body}", mark(*good)));
            for (name, value) in headers {
                console.line(format_args!("      {DIM}{name}: {value}{DIM:#}"));
            }
            match blocked {
                None => console.line(format_args!("      a browser allows it")),
                Some(reason) => console.line(format_args!("      a browser blocks it: {reason}")),
            }
        }
        console.line(format_args!("  {DIM}With --keep, {} shows it in a browser.{DIM:#}", self.page));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer's headers after its status, as `name: value` in lines.
    fn verdict(sent: Sent, status: u16, headers: &[(&str, &str)]) -> String {
        let response =
            headers.iter().fold(Response::builder().status(status), |it, (name, value)| it.header(*name, *value));
        let answer = response.body(String::new()).expect("an answer");
        sent.why_blocked(&answer, "http://a.test").unwrap_or_else(|| "allowed".to_owned())
    }

    #[test]
    fn a_browser_lets_a_page_have_what_the_fetch_standard_says() {
        let origin = ("access-control-allow-origin", "http://a.test");
        let (any, credentials) = (("access-control-allow-origin", "*"), ("access-control-allow-credentials", "true"));
        let (methods, names) =
            (("access-control-allow-methods", "PUT, DELETE"), ("access-control-allow-headers", "X-User"));
        let put = Sent::Preflight("PUT", "x-user");
        for (sent, status, headers, expected) in [
            (Sent::Simple, 403, &[origin][..], "allowed"),
            (Sent::Simple, 200, &[any], "allowed"),
            (Sent::Simple, 200, &[], "expected access-control-allow-origin to be http://a.test, but found none"),
            (
                Sent::Simple,
                200,
                &[any, any],
                "expected access-control-allow-origin to be http://a.test, but found *, *",
            ),
            (Sent::WithCookies, 200, &[origin, credentials], "allowed"),
            (
                Sent::WithCookies,
                200,
                &[any, credentials],
                "expected access-control-allow-origin to be http://a.test, but found *",
            ),
            (Sent::WithCookies, 200, &[origin], "expected access-control-allow-credentials to be true, but found none"),
            (put, 204, &[origin, methods, names], "allowed"),
            (put, 403, &[origin, methods, names], "expected a status of success, but found 403 Forbidden"),
            (put, 200, &[origin, names], "expected access-control-allow-methods to be PUT, but found none"),
            (put, 200, &[origin, methods], "expected access-control-allow-headers to be x-user, but found none"),
            (Sent::Preflight("GET", "x-user"), 200, &[origin, names], "allowed"),
        ] {
            assert_eq!(verdict(sent, status, headers), expected, "{sent:?} {status} {headers:?}");
        }
    }
}
