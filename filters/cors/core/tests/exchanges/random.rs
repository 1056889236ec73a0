//! A browser admits a request if and only if the policy allows it, whatever the policy and the request.

use crate::model::{Browser, Request, is_visible, unsafe_names};
use crate::proxy::{Header, configured, head, with};
use proptest::prelude::*;

/// A policy in the terms of whoever wrote it.
#[derive(Debug, Clone)]
struct Policy {
    origins: Vec<&'static str>,
    methods: Vec<&'static str>,
    headers: Vec<&'static str>,
    exposed: Vec<&'static str>,
    credentials: bool,
}

const PAGES: [&str; 9] = [
    "https://a.example",
    "https://a.example:8443",
    "http://a.example",
    "https://www.a.example",
    "https://evila.example",
    "https://a.example.evil",
    "http://127.0.0.1:3000",
    "null",
    "https://a.example.",
];

impl Policy {
    fn json(&self) -> String {
        let list = |names: &[&str]| {
            format!("[{}]", names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(","))
        };
        format!(
            r#"{{"allowOrigins": {}, "allowMethods": {}, "allowHeaders": {}, "exposeHeaders": {}, "allowCredentials": {}, "maxAge": "9s"}}"#,
            list(&self.origins),
            list(&self.methods),
            list(&self.headers),
            list(&self.exposed),
            self.credentials
        )
    }

    fn allows_origin(&self, page: &str) -> bool {
        let well_formed = page != "null" && !page.ends_with('.');
        well_formed
            && self.origins.iter().any(|origin| match *origin {
                "*" => true,
                "https://*.example" => page.starts_with("https://") && page.ends_with(".example"),
                "https://*.a.example" => page == "https://www.a.example",
                "https://a.example:*" => page == "https://a.example" || page == "https://a.example:8443",
                origin => origin == page,
            })
    }

    fn exposes(&self, name: &str) -> bool {
        self.exposed.contains(&name) || self.exposed.contains(&"*")
    }

    fn allows(&self, page: &str, request: &Request) -> bool {
        let safelisted = ["GET", "HEAD", "POST"].contains(&request.method.as_str());
        let header = |name: &String| {
            self.headers.contains(&name.as_str()) || (self.headers.contains(&"*") && name != "authorization")
        };
        self.allows_origin(page)
            && (!request.credentials || self.credentials)
            && (safelisted || self.methods.contains(&"*") || self.methods.contains(&request.method.as_str()))
            && unsafe_names(&request.headers).iter().all(header)
    }
}

fn some_of(of: &'static [&'static str]) -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(of, 0..=of.len())
}

fn policy() -> impl Strategy<Value = Policy> {
    let origins = &[
        "https://a.example",
        "http://a.example",
        "https://*.example",
        "https://*.a.example",
        "https://a.example:*",
        "*",
    ];
    let methods = &["GET", "PUT", "DELETE", "PATCH", "*"];
    let headers = &["x-a", "x-b", "authorization", "content-type", "*"];
    let exposed = &["x-total", "X-B", "*"];
    (some_of(origins), some_of(methods), some_of(headers), some_of(exposed), any::<bool>()).prop_map(
        |(origins, methods, headers, exposed, credentials)| {
            // Wildcards with credentials are no policy that is accepted.
            let credentials = credentials && !origins.contains(&"*") && !exposed.contains(&"*");
            Policy { origins, methods, headers, exposed, credentials }
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let method = prop::sample::select(vec!["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "patch", "QUERY"]);
    let header = prop::sample::select(vec![
        ("x-a", "1"),
        ("x-b", "1"),
        ("X-C", "1"),
        ("authorization", "Bearer x"),
        ("content-type", "application/json"),
        ("content-type", "text/plain"),
        ("accept", "*/*"),
        ("accept-language", "en"),
    ]);
    let headers = prop::collection::vec(header.prop_map(|(name, value)| (name.to_owned(), value.to_owned())), 0..4);
    (method, headers, any::<bool>()).prop_map(|(method, headers, credentials)| Request {
        method: method.to_owned(),
        headers,
        credentials,
    })
}

/// What an upstream may say by itself, which must not change the outcome.
fn upstream() -> impl Strategy<Value = Vec<Header<'static>>> {
    prop::collection::vec(
        prop::sample::select(vec![
            ("access-control-allow-origin", "*"),
            ("access-control-allow-origin", "null"),
            ("access-control-allow-origin", "https://evila.example"),
            ("access-control-allow-credentials", "true"),
            ("access-control-expose-headers", "x-secret"),
            ("vary", "accept"),
            ("vary", "*"),
        ]),
        0..4,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_browser_admits_what_the_policy_allows_and_nothing_else(
        policy in policy(),
        page in prop::sample::select(PAGES.to_vec()),
        requests in prop::collection::vec((request(), 0..12_u64), 1..6),
        upstream in upstream(),
    ) {
        let mut proxy = with("strict", &policy.json());
        let mut browser = Browser::new(page, |method: &str, headers: &[Header<'_>]| proxy.send(method, headers, &upstream));
        // Several of one page, so that the answers to preflights are kept and used again.
        for (request, wait) in &requests {
            browser.now += wait;
            let read = browser.fetch(request);
            prop_assert_eq!(read.is_some(), policy.allows(page, request), "{:?} {} {:?}", policy, page, request);
            let Some(answer) = read else { continue };
            for name in ["x-total", "X-B", "x-secret"] {
                let seen = is_visible(name, &answer, request.credentials);
                prop_assert_eq!(seen, policy.exposes(name), "{:?} {} {:?} {}", policy, page, request, name);
            }
        }
    }

    #[test]
    fn whatever_comes_the_answer_is_well_formed(
        method in prop::sample::select(vec!["GET", "OPTIONS", "POST"]),
        origins in prop::collection::vec(prop_oneof![prop::sample::select(PAGES.to_vec()).prop_map(str::to_owned), "\\PC{0,30}"], 0..3),
        asks in prop::collection::vec(("(access-control-request-(method|headers|private-network)|vary|host)", "\\PC{0,40}"), 0..4),
        upstream in upstream(),
        profile in prop::sample::select(vec![r#""strict""#, r#""strict", "debug": true"#, r#""envoy""#]),
        policy in policy(),
    ) {
        let mut proxy = configured(&format!(r#"{{"profile": {profile}, "policies": [{{"hosts": ["api.example"], "corsPolicy": {}}}]}}"#, policy.json()));
        let headers: Vec<Header<'_>> = origins.iter().map(|origin| ("origin", origin.as_str()))
            .chain(asks.iter().map(|(name, value)| (name.as_str(), value.as_str()))).collect();
        let answer = proxy.exchange(&head(method, "http://api.example/", &headers), 200, &upstream);
        if profile.contains("strict") {
            let allowed: Vec<_> = answer.headers.iter().filter(|(name, _)| name == "access-control-allow-origin").collect();
            // What is no CORS request gets nothing, and keeps what it has.
            let judged = origins.iter().any(|origin| !origin.is_empty());
            prop_assert!(!judged || allowed.len() <= 1, "{}", answer);
            for (_, value) in allowed.into_iter().filter(|_| judged) {
                prop_assert!(value == "*" || (origins.contains(value) && policy.allows_origin(value)), "{}", answer);
            }
            let vary = answer.get("vary").unwrap_or_default().to_ascii_lowercase();
            prop_assert!(vary.contains("origin") || vary.contains('*'), "{}", answer);
        }
    }
}
