//! The client's side of the CORS protocol, written from the Fetch standard: CORS check (§4.9), CORS-preflight fetch (§4.8) with its
//! cache (§4.10), safelists (§2.2). It knows nothing of the filter; it is what decides in the end.

use crate::proxy::{Answer, Header};

/// What a script asks for.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: String,
    pub headers: Vec<(String, String)>,
    /// Credentials mode `include`.
    pub credentials: bool,
}

/// A browser with a page of one origin, and the server that it speaks to: one URL of another origin.
pub struct Browser<S> {
    pub origin: String,
    pub server: S,
    /// Seconds.
    pub now: u64,
    cache: Vec<Cached>,
    /// How many preflights it sent.
    pub preflights: u32,
}

struct Cached {
    credentials: bool,
    until: u64,
    method: Option<String>,
    header: Option<String>,
}

/// What the standard leaves to browsers: the longest time that an answer is kept; Chromium's is the one here.
const MAX_AGE_LIMIT: u64 = 7200;
const DEFAULT_MAX_AGE: u64 = 5;

impl<S: FnMut(&str, &[Header<'_>]) -> Answer> Browser<S> {
    pub fn new(origin: &str, server: S) -> Self {
        Self { origin: origin.to_owned(), server, now: 0, cache: Vec::new(), preflights: 0 }
    }

    /// What a script gets; `None` is a network error.
    pub fn fetch(&mut self, request: &Request) -> Option<Answer> {
        let unsafe_names = unsafe_names(&request.headers);
        let needs_preflight = !is_safelisted_method(&request.method) || !unsafe_names.is_empty();
        if needs_preflight && !self.is_cached(request, &unsafe_names) && !self.preflight(request, &unsafe_names) {
            self.cache.clear();
            return None;
        }
        let headers: Vec<Header<'_>> = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .chain([("origin", self.origin.as_str())])
            .collect();
        let answer = (self.server)(&request.method, &headers);
        self.check(request, &answer).then_some(answer)
    }

    /// CORS check.
    fn check(&self, request: &Request, answer: &Answer) -> bool {
        let Some(allowed) = answer.get("access-control-allow-origin") else { return false };
        let allowed = allowed.trim_matches([' ', '\t']);
        if !request.credentials && allowed == "*" {
            return true;
        }
        allowed == self.origin
            && (!request.credentials || answer.get("access-control-allow-credentials").as_deref() == Some("true"))
    }

    /// CORS-preflight fetch.
    fn preflight(&mut self, request: &Request, unsafe_names: &[String]) -> bool {
        self.preflights += 1;
        let names = unsafe_names.join(",");
        let mut asks =
            vec![("origin", self.origin.as_str()), ("access-control-request-method", request.method.as_str())];
        if !names.is_empty() {
            asks.push(("access-control-request-headers", &names));
        }
        let answer = (self.server)("OPTIONS", &asks);
        if !self.check(request, &answer) || !(200..300).contains(&answer.status) {
            return false;
        }
        let (Some(methods), Some(names)) =
            (list(answer.get("access-control-allow-methods")), list(answer.get("access-control-allow-headers")))
        else {
            return false;
        };
        let any = |list: &[String]| !request.credentials && list.iter().any(|name| name == "*");
        let names: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
        let method_allowed =
            methods.contains(&request.method) || is_safelisted_method(&request.method) || any(&methods);
        let names_allowed =
            unsafe_names.iter().all(|name| names.contains(name) || (any(&names) && name != "authorization"));
        if !method_allowed || !names_allowed {
            return false;
        }
        let age = answer.get("access-control-max-age").map_or(DEFAULT_MAX_AGE, |age| {
            // The standard takes a number below zero for none at all; browsers do not, and do not keep the answer.
            age.parse().unwrap_or(if age.starts_with('-') { 0 } else { DEFAULT_MAX_AGE })
        });
        let until = self.now + age.min(MAX_AGE_LIMIT);
        let cached = |method: Option<&String>, header: Option<&String>| Cached {
            credentials: request.credentials,
            until,
            method: method.cloned(),
            header: header.cloned(),
        };
        self.cache.extend(methods.iter().map(|method| cached(Some(method), None)));
        self.cache.extend(names.iter().map(|name| cached(None, Some(name))));
        true
    }

    /// Whether the cache has the method and every name.
    fn is_cached(&self, request: &Request, unsafe_names: &[String]) -> bool {
        let has = |matches: &dyn Fn(&Cached) -> bool| {
            let live = |entry: &&Cached| entry.until > self.now && (entry.credentials || !request.credentials);
            self.cache.iter().filter(live).any(matches)
        };
        let is_any = |name: &Option<String>| name.as_deref() == Some("*") && !request.credentials;
        let method = is_safelisted_method(&request.method)
            || has(&|entry| entry.method.as_deref() == Some(&request.method) || is_any(&entry.method));
        method
            && unsafe_names.iter().all(|name| {
                has(&|entry| {
                    entry.header.as_deref() == Some(name.as_str()) || (is_any(&entry.header) && name != "authorization")
                })
            })
    }
}

/// Whether a script sees this header of a response that it may read: CORS filtered response (§2.2.6) over CORS-safelisted
/// response-header names.
pub fn is_visible(name: &str, answer: &Answer, credentials: bool) -> bool {
    let name = name.to_ascii_lowercase();
    let safelisted =
        ["cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma"];
    let exposed = list(answer.get("access-control-expose-headers")).unwrap_or_default();
    let is_exposed = exposed.iter().any(|exposed| exposed.eq_ignore_ascii_case(&name))
        || (!credentials && exposed.iter().any(|exposed| exposed == "*"));
    !["set-cookie", "set-cookie2"].contains(&name.as_str()) && (safelisted.contains(&name.as_str()) || is_exposed)
}

fn is_safelisted_method(method: &str) -> bool {
    ["GET", "HEAD", "POST"].contains(&method)
}

/// Extract header list values: `None` is a failure, no header an empty list.
fn list(value: Option<String>) -> Option<Vec<String>> {
    let token =
        |name: &&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let value = value.unwrap_or_default();
    let names: Vec<&str> =
        value.split(',').map(|name| name.trim_matches([' ', '\t'])).filter(|name| !name.is_empty()).collect();
    names.iter().all(token).then(|| names.into_iter().map(str::to_owned).collect())
}

/// CORS-unsafe request-header names: in lower case, sorted, each once.
pub fn unsafe_names(headers: &[(String, String)]) -> Vec<String> {
    let safe = |(name, value): &&(String, String)| is_safelisted(&name.to_ascii_lowercase(), value);
    let (safelisted, others): (Vec<_>, Vec<_>) = headers.iter().partition(safe);
    let mut names: Vec<String> = others.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    if safelisted.iter().map(|(_, value)| value.len()).sum::<usize>() > 1024 {
        names.extend(safelisted.iter().map(|(name, _)| name.to_ascii_lowercase()));
    }
    names.sort();
    names.dedup();
    names
}

/// CORS-safelisted request-header.
fn is_safelisted(name: &str, value: &str) -> bool {
    let is_unsafe = |byte: u8| (byte < 0x20 && byte != b'\t') || byte == 0x7f || b"\"():<>?@[\\]{}".contains(&byte);
    let is_language = |byte: u8| byte.is_ascii_alphanumeric() || b" *,-.;=".contains(&byte);
    value.len() <= 128
        && match name {
            "accept" => !value.bytes().any(is_unsafe),
            "accept-language" | "content-language" => value.bytes().all(is_language),
            "content-type" => {
                let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                let known = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
                !value.bytes().any(is_unsafe) && known.contains(&essence.as_str())
            }
            "range" => {
                let numbers = value.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
                let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let parsed = |text: &str| text.parse::<u64>().ok();
                let ordered = |first, last| parsed(first).zip(parsed(last)).is_some_and(|(first, last)| first <= last);
                numbers.is_some_and(|(first, last)| {
                    number(first) && (last.is_empty() || (number(last) && ordered(first, last)))
                })
            }
            _ => false,
        }
}
