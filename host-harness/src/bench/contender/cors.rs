//! cors beside Envoy's own, in the situations that a request can be in, with few origins and with many.
//!
//! Envoy's own filter has a policy only where a route has a cluster, and takes it from that route: it is told the origins, methods
//! and headers that ours is told. Where the filters answer by themselves the upstream is not asked, and the listener answers for
//! those that have no filter.

use serde_json::json;

use super::header_propagation::BASE;
use super::references::do_nothing;
use super::{Contender, Section, built_in, chain, upstream};
use crate::bench::client::{Answer, Request};
use crate::bench::routes::Routes;
use crate::bench::upstream::framed;
use crate::bootstrap::{Direction, HttpFilter};

const FILTER: &str = "cors";
const NATIVE: &str = "envoy.filters.http.cors";
const PATH: &str = "/details/2";
/// A page that is allowed.
const PAGE: &str = "https://page1.example.com";
/// A page that is not.
const STRANGER: &str = "https://page1.example.net";
/// How many origins a policy allows.
const ORIGINS: [u32; 3] = [1, 100, 10_000];

/// A section and what its rows are called.
struct Situation {
    section: Section,
    do_nothing: &'static str,
    as_envoy: &'static str,
    /// For each number of origins.
    native: [&'static str; ORIGINS.len()],
    ours: [&'static str; ORIGINS.len()],
}

macro_rules! situation {
    ($name:literal, $title:literal, beside $reference:literal) => {
        Situation {
            section: Section {
                title: concat!("CORS: ", $title),
                base: concat!($name, ": no filter"),
                reference: concat!($name, ": ", $reference),
            },
            do_nothing: concat!($name, ": do-nothing module"),
            as_envoy: concat!($name, ": cors, as Envoy"),
            native: [
                concat!($name, ": native cors"),
                concat!($name, ": native cors, 100 origins"),
                concat!($name, ": native cors, 10,000 origins"),
            ],
            ours: [
                concat!($name, ": cors"),
                concat!($name, ": cors, 100 origins"),
                concat!($name, ": cors, 10,000 origins"),
            ],
        }
    };
}

static NO_ORIGIN: Situation = situation!("no origin", "a request without an origin", beside "do-nothing module");
static SIMPLE: Situation = situation!("simple", "a simple request, answered by an upstream", beside "native cors");
static PREFLIGHT: Situation = situation!("preflight", "a preflight", beside "native cors");
static REJECTED: Situation = situation!("rejected", "a preflight of another origin", beside "native cors");
static NAMES: Situation = situation!("1,000 names", "a preflight for a header a thousand times", beside "native cors");
static COMMAS: Situation = situation!("50,000 commas", "a preflight for 50,000 commas", beside "native cors");
static LINES: Situation =
    situation!("80 lines", "a preflight for headers in 80 lines of 640 bytes", beside "native cors");

pub(super) fn contenders() -> Vec<Contender> {
    let (allowed, refused) = (Answer::empty(200), Answer::empty(403));
    let from_upstream = Answer::ok(framed(&upstream(PATH, &[])));
    let asks = |lines: &[&str]| preflight(PAGE, lines);
    let usual = ["content-type,x-token"];
    let sets = ORIGINS.map(Filters::new);
    let all = sets.as_slice();
    let one = all.get(..1).unwrap_or_default();
    // A preflight for more than 8 KiB of names, or 16 empty ones, is refused.
    [
        NO_ORIGIN.passed_on(all, Request::get(PATH, std::iter::empty()), Routes::answers(), &Answer::ok(BASE)),
        SIMPLE.passed_on(
            all,
            Request::get(PATH, [("origin", PAGE.to_owned())].into_iter()),
            Routes::calls(),
            &from_upstream,
        ),
        PREFLIGHT.answered(all, asks(&usual), &allowed),
        REJECTED.answered(all, preflight(STRANGER, &usual), &refused),
        NAMES.answered(one, asks(&[&"x-token,".repeat(1_000)]), &allowed),
        COMMAS.answered(one, asks(&[&",".repeat(50_000)]), &refused),
        LINES.answered(one, asks(&[&*"x-token,".repeat(80); 80]), &refused),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn preflight(page: &str, lines: &[&str]) -> Request {
    let asks = [("origin", page), ("access-control-request-method", "PUT")];
    let lines = lines.iter().map(|line| ("access-control-request-headers", *line));
    Request::options(PATH, asks.into_iter().chain(lines).map(|(name, value)| (name, value.to_owned())))
}

impl Situation {
    /// All let the request pass, and it is answered behind them.
    fn passed_on(&'static self, sets: &[Filters], request: Request, routes: Routes, answer: &Answer) -> Vec<Contender> {
        self.contenders(sets, &request, [&routes, &routes], [answer; 3])
    }

    /// The filters answer a preflight: Envoy's way is 200 whatever they think of it, ours this.
    fn answered(&'static self, sets: &[Filters], request: Request, ours: &Answer) -> Vec<Contender> {
        let answers = [&Answer::ok(BASE), &Answer::empty(200), ours];
        self.contenders(sets, &request, [&Routes::answers(), &Routes::calls()], answers)
    }

    /// The routes of those without a filter of CORS, and of those with one; the answers of the former, in Envoy's way and in ours.
    fn contenders(
        &'static self,
        sets: &[Filters],
        request: &Request,
        [bare, routes]: [&Routes; 2],
        [bare_answer, native_answer, answer]: [&Answer; 3],
    ) -> Vec<Contender> {
        let contender = |name, chain, routes: &Routes, answer: &Answer| Contender {
            name,
            filter: Some(FILTER),
            section: &self.section,
            direction: Direction::Outbound,
            chain,
            routes: routes.clone(),
            requests: vec![request.clone()],
            answer: answer.clone(),
        };
        let mut all = vec![
            contender(self.section.base, Vec::new(), bare, bare_answer),
            contender(self.do_nothing, do_nothing(), bare, bare_answer),
        ];
        for (name, set) in self.native.iter().zip(sets) {
            all.push(contender(
                name,
                set.native.clone(),
                &routes.clone().with(NATIVE, set.policy.clone()),
                native_answer,
            ));
        }
        for (name, set) in self.ours.iter().zip(sets) {
            all.push(contender(name, set.ours.clone(), routes, answer));
        }
        for set in sets.iter().take(1) {
            all.push(contender(self.as_envoy, set.as_envoy.clone(), routes, native_answer));
        }
        all
    }
}

/// The filters with a policy of so many origins.
struct Filters {
    native: Vec<HttpFilter>,
    /// Of the native one.
    policy: serde_json::Value,
    ours: Vec<HttpFilter>,
    as_envoy: Vec<HttpFilter>,
}

impl Filters {
    fn new(origins: u32) -> Self {
        // Envoy compares with one after the other. The page that asks is in the middle, as the average one is.
        let middle = origins.div_ceil(2);
        let numbers = (2..=middle).chain([1]).chain(middle + 1..=origins);
        let origins: Vec<_> =
            numbers.map(|number| json!({ "exact": format!("https://page{number}.example.com") })).collect();
        // A preflight of another origin is answered and not passed on, as in `strict`.
        let mut policy = json!({
            "allow_origin_string_match": origins, "allow_methods": "PUT", "allow_headers": "content-type,x-token",
            "max_age": "600", "forward_not_matching_preflights": false,
        });
        let ours = |profile: &str| {
            let configuration = json!({ "profile": profile, "policies": [{ "corsPolicy": policy }] });
            chain(built_in(FILTER, &configuration.to_string()))
        };
        let (strict, as_envoy) = (ours("strict"), ours("envoy"));
        let message = |name| format!("type.googleapis.com/envoy.extensions.filters.http.cors.v3.{name}");
        if let Some(fields) = policy.as_object_mut() {
            fields.insert("@type".to_owned(), message("CorsPolicy").into());
        }
        let native = HttpFilter::Native { name: NATIVE.to_owned(), typed_config: json!({ "@type": message("Cors") }) };
        Self { native: vec![native], policy, ours: strict, as_envoy }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_heads_are_within_what_envoy_reads() {
        let sizes: Vec<_> =
            contenders().iter().flat_map(|it| &it.requests).map(|request| request.bytes().len()).collect();
        // `max_request_headers_kb` is 60 by default.
        assert!(sizes.iter().all(|size| *size < 60 * 1024));
        assert!(sizes.iter().filter(|size| **size > 50_000).count() >= 10);
    }
}
