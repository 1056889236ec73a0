//! The filter `cors` before a real browser, on both data planes: what pages can read, and what is sent for that.
//!
//! Each behaviour is a script and its transcript in one. What stands before `=>` is done, and what stands behind it is
//! what came of it: what the page's script got from `fetch`, then what the browser sent to the proxy meanwhile. The
//! hosts and their policies are those of [`suite::browser::shop`].
//!
//! ```text
//! page HOST[/PATH]                                                  opens a page
//! METHOD HOST/PATH [NAME:VALUE]… [credentials] [no-cors] => …       calls `fetch` in it
//! ```
//!
//! S4 of `weft demo` is opened as its user would: the front end's own page asks, and shows what it could read.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use host_harness::abi::LogLevel;
use host_harness::cli::demo::{entrance, s4};
use host_harness::data_plane::{DataPlane, LogSink, Plane};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};
use suite::browser::Browser;
use suite::browser::shop::Shop;
use suite::browser::wire::Request;

const BEHAVIOURS: &[(&str, &str)] = &[
    (
        "without_a_policy_a_page_cannot_read",
        "page www.shop.test
         GET plain.shop.test/details/2 => TypeError; sent GET from www.shop.test",
    ),
    (
        "a_simple_request_of_an_allowed_origin_is_read",
        "page www.shop.test
         GET details.shop.test/details/2 => 200 the details, x-total: 1; sent GET from www.shop.test
         page www.stranger.test
         GET details.shop.test/details/2 => TypeError; sent GET from www.stranger.test",
    ),
    (
        "a_preflight_asks_for_what_is_not_simple",
        "page www.shop.test
         PUT details.shop.test/details/2 x-token:1 => 200 the details, x-total: 1; sent OPTIONS, PUT from www.shop.test
         GET details.shop.test/details/2 x-other:1 => TypeError; sent OPTIONS from www.shop.test
         DELETE details.shop.test/details/2 => TypeError; sent OPTIONS from www.shop.test
         page www.stranger.test
         PUT details.shop.test/details/2 => TypeError; sent OPTIONS from www.stranger.test
         PUT open.shop.test/details/2 x-token:1 => 200 the details; sent OPTIONS, PUT from www.stranger.test
         PUT plain.shop.test/details/2 => TypeError; sent OPTIONS from www.stranger.test",
    ),
    (
        "cookies_go_to_an_origin_that_is_named_and_never_to_everyone",
        "page www.shop.test
         GET details.shop.test/login credentials => 200 welcome; sent GET from www.shop.test
         GET details.shop.test/account credentials => 200 session=eric; sent GET from www.shop.test
         GET details.shop.test/account => 200 no cookie; sent GET from www.shop.test
         GET open.shop.test/account => 200 no cookie; sent GET from www.shop.test
         GET open.shop.test/account credentials => TypeError; sent GET from www.shop.test
         PUT open.shop.test/account credentials => TypeError; sent OPTIONS from www.shop.test
         GET wide.shop.test/account credentials => TypeError; sent GET from www.shop.test",
    ),
    (
        "a_wildcard_stands_for_subdomains_and_nothing_else",
        "page www.shop.test
         GET wide.shop.test/details/2 => 200 the details; sent GET from www.shop.test
         page m.eu.shop.test
         GET wide.shop.test/details/2 => 200 the details; sent GET from m.eu.shop.test
         page shop.test
         GET wide.shop.test/details/2 => TypeError; sent GET from shop.test
         page www.eshop.test
         GET wide.shop.test/details/2 => TypeError; sent GET from www.eshop.test",
    ),
    (
        "the_null_origin_of_a_sandbox_is_nobody",
        "page www.shop.test
         GET open.shop.test/details/2 => 200 the details; sent GET from www.shop.test
         page www.shop.test/sandbox
         GET open.shop.test/details/2 => TypeError; sent GET from null
         GET details.shop.test/details/2 => TypeError; sent GET from null
         PUT open.shop.test/details/2 => TypeError; sent OPTIONS from null",
    ),
    (
        "headers_are_read_where_they_are_exposed",
        "page www.shop.test
         GET details.shop.test/details/2 => 200 the details, x-total: 1; sent GET from www.shop.test
         GET open.shop.test/details/2 => 200 the details; sent GET from www.shop.test",
    ),
    (
        "a_preflight_is_kept_as_long_as_the_policy_says",
        "page www.shop.test
         PUT details.shop.test/details/2 => 200 the details, x-total: 1; sent OPTIONS, PUT from www.shop.test
         PUT details.shop.test/details/2 => 200 the details, x-total: 1; sent PUT from www.shop.test
         PUT unkept.shop.test/details/2 => 200 the details, x-total: 1; sent OPTIONS, PUT from www.shop.test
         PUT unkept.shop.test/details/2 => 200 the details, x-total: 1; sent OPTIONS, PUT from www.shop.test",
    ),
    (
        "what_a_cache_keeps_for_one_origin_is_not_given_to_another",
        "page www.shop.test
         GET wide.shop.test/catalogue => 200 the catalogue; sent GET from www.shop.test
         GET wide.shop.test/catalogue => 200 the catalogue; sent nothing
         page m.shop.test
         GET wide.shop.test/catalogue => 200 the catalogue; sent GET from m.shop.test
         GET wide.shop.test/catalogue => 200 the catalogue; sent nothing",
    ),
    (
        "what_a_cache_keeps_of_a_request_without_origin_is_not_given_to_a_page",
        "page www.shop.test
         GET wide.shop.test/catalogue no-cors => opaque; sent GET
         GET wide.shop.test/catalogue no-cors => opaque; sent nothing
         GET wide.shop.test/catalogue => 200 the catalogue; sent GET from www.shop.test",
    ),
    (
        "without_vary_as_in_the_profile_envoy_it_is",
        "page www.shop.test
         GET envoy.shop.test/catalogue => 200 the catalogue; sent GET from www.shop.test
         page m.shop.test
         GET envoy.shop.test/catalogue => TypeError; sent nothing",
    ),
    (
        "a_refusal_can_be_read",
        "page www.shop.test
         GET details.shop.test/forbidden => 403 forbidden by the upstream; sent GET from www.shop.test
         PUT details.shop.test/forbidden => 403 forbidden by the upstream; sent OPTIONS, PUT from www.shop.test
         GET guarded.shop.test/details/2 => 403 forbidden by a filter; sent GET from www.shop.test
         PUT guarded.shop.test/details/2 x-token:1 => 403 forbidden by a filter; sent OPTIONS, PUT from www.shop.test
         page www.stranger.test
         GET guarded.shop.test/details/2 => TypeError; sent GET from www.stranger.test",
    ),
];

/// What the page of S4 shows in each of its variants, by the elements of the page.
const S4: [(&str, &str); 2] = [
    (
        "s4_without_the_policy_the_page_is_kept_from_the_details",
        "simple => The browser keeps the answer from this page: Failed to fetch
         preflighted => The browser keeps the answer from this page: Failed to fetch
         credentials => The browser keeps the answer from this page: Failed to fetch",
    ),
    (
        "s4_with_the_policy_the_details_arrive",
        "simple => 200 and the book 2
         preflighted => 200 and the book 2
         credentials => 200 and the book 2",
    ),
];

/// What came of a behaviour.
struct Seen {
    transcript: String,
    /// What the browser's console said.
    console: String,
}

/// What came of every behaviour on a plane, or why nothing did; `None` where a part is missing.
type Outcomes = Result<Option<BTreeMap<&'static str, Seen>>, String>;

/// Gives a plane, if this machine has it.
type FindPlane = fn() -> Option<Plane>;

fn main() {
    static EMBEDDED: OnceLock<Outcomes> = OnceLock::new();
    static ENVOY: OnceLock<Outcomes> = OnceLock::new();
    let embedded: FindPlane = || Some(Plane::Embedded);
    let envoy: FindPlane = || suite::parts::envoy().map(Plane::Envoy);
    let planes = [("embedded", &EMBEDDED, embedded), ("envoy", &ENVOY, envoy)];
    let trials = planes.into_iter().flat_map(|(plane_name, seen, plane)| {
        let trial = move |(name, script): &(&'static str, &'static str)| {
            let (name, expected) = (*name, unindented(script));
            // Whichever comes first runs all of them, in one browser.
            Trial::test(format!("{plane_name}/{name}"), move || check(seen.get_or_init(|| run(plane)), name, &expected))
        };
        BEHAVIOURS.iter().chain(&S4).map(trial)
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit();
}

fn check(outcomes: &Outcomes, name: &str, expected: &str) -> Result<(), Failed> {
    let Some(all) = outcomes.as_ref()? else { return Ok(()) };
    let Seen { transcript, console } = all.get(name).ok_or("expected an outcome, but found none")?;
    if transcript == expected {
        return Ok(());
    }
    Err(format!("expected\n{expected}\nbut found\n{transcript}\nThe browser said:\n{console}").into())
}

#[tokio::main]
async fn run(plane: FindPlane) -> Outcomes {
    let Some(plane) = plane() else { return Ok(None) };
    let Some(browser) = suite::parts::browser().await else { return Ok(None) };
    every_behaviour(&plane, browser).await.map(Some).map_err(|error| format!("{error:#}"))
}

async fn every_behaviour(plane: &Plane, mut browser: Browser) -> anyhow::Result<BTreeMap<&'static str, Seen>> {
    let shop = Shop::open(plane).await?;
    let mut all = BTreeMap::new();
    for (name, script) in BEHAVIOURS {
        browser.visit(name).await?;
        let mut transcript = Vec::new();
        for line in unindented(script).lines() {
            transcript.push(act(line, &mut browser, &shop).await.context(*name)?);
        }
        all.insert(*name, Seen { transcript: transcript.join("\n"), console: browser.console.join("\n") });
    }
    for ((name, script), variant) in S4.iter().zip(&s4::VARIANTS) {
        browser.visit(name).await?;
        let transcript = what_the_page_shows(variant, script, plane, &mut browser).await.context(*name)?;
        all.insert(*name, Seen { transcript, console: browser.console.join("\n") });
    }
    browser.close().await?;
    Ok(all)
}

/// Opens the page of a mesh of S4, as its user would.
async fn what_the_page_shows(
    variant: &s4::Variant,
    script: &str,
    plane: &Plane,
    browser: &mut Browser,
) -> anyhow::Result<String> {
    let (mesh, mut ports) = variant.form.load()?;
    let log: LogSink = Arc::new(|proxy, line| eprintln!("{proxy} {}: {}", line.plugin, line.message));
    let running = DataPlane::start(&mesh, &mut ports, plane, LogLevel::Warn, &log).await?;
    browser.open(&format!("http://www.shop.localhost:{}/", entrance(&mesh)?.port())).await?;
    let mut transcript = Vec::new();
    for line in unindented(script).lines() {
        let (element, _) = line.split_once(" => ").context("expected what it shows")?;
        let shown = browser.read(&format!("#{element}")).await?;
        let book: Option<Value> = shown.strip_prefix("200 ").and_then(|body| serde_json::from_str(body).ok());
        transcript.push(match book {
            Some(book) => format!("{element} => 200 and the book {}", book["id"]),
            None => format!("{element} => {shown}"),
        });
    }
    running.stop().await;
    Ok(transcript.join("\n"))
}

/// Does what a line says, and gives the line with what came of it.
async fn act(line: &str, browser: &mut Browser, shop: &Shop) -> anyhow::Result<String> {
    if let Some(page) = line.strip_prefix("page ") {
        browser.open(&shop.url(page)).await?;
        return Ok(line.to_owned());
    }
    let (asked, _) = line.split_once(" => ").context("expected what comes of it")?;
    let mut words = asked.split(' ');
    let (method, place) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut init = json!({ "method": method, "headers": {} });
    for word in words {
        match (word, word.split_once(':')) {
            ("credentials", _) => init["credentials"] = json!("include"),
            ("no-cors", _) => init["mode"] = json!("no-cors"),
            (_, Some((name, value))) => init["headers"][name] = json!(value),
            _ => anyhow::bail!("expected credentials, no-cors or a header, but found {word}"),
        }
    }
    let read = browser.fetch(&shop.url(place), &init).await?;
    Ok(format!("{asked} => {}; sent {}", outcome(&read), listing(&shop.sent())))
}

/// What the browser sent to the proxy.
fn listing(sent: &[Request]) -> String {
    let of_one_origin = sent.chunk_by(|one, next| one.origin == next.origin).map(|requests| {
        let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
        let origin = requests[0].origin.as_ref().map(|origin| format!(" from {origin}")).unwrap_or_default();
        methods.join(", ") + &origin
    });
    let listing: Vec<_> = of_one_origin.collect();
    if listing.is_empty() { "nothing".to_owned() } else { listing.join(", ") }
}

/// What the page's script got.
fn outcome(read: &Value) -> String {
    if let Some(error) = read["error"].as_str() {
        return error.to_owned();
    }
    if read["type"] == "opaque" {
        return "opaque".to_owned();
    }
    let mut outcome = format!("{} {}", read["status"], read["body"].as_str().unwrap_or_default());
    for (name, value) in read["headers"].as_object().into_iter().flatten().filter(|(name, _)| name.starts_with("x-")) {
        outcome += &format!(", {name}: {}", value.as_str().unwrap_or_default());
    }
    outcome
}

fn unindented(script: &str) -> String {
    script.lines().map(str::trim).collect::<Vec<_>>().join("\n")
}
