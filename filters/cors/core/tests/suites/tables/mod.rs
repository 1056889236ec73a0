//! What public suites ask of CORS, as tables of our own: policies, requests and outcomes in our words, with our hosts.
//!
//! Each row says what *we* answer. Where the suite expects something else, `differs` says what, and why we do not. The tables know
//! no test: the core's own tests read them, and those that put the module beside the core.

mod apisix;
mod expressjs;
mod higress;
mod jub0bs;
mod rs_cors;
mod tower_http;

/// A name and a value.
pub type Header = (&'static str, &'static str);

/// All suites.
pub const SUITES: [Suite; 6] =
    [jub0bs::SUITE, rs_cors::SUITE, tower_http::SUITE, expressjs::SUITE, higress::SUITE, apisix::SUITE];

/// The vectors of one suite.
pub struct Suite {
    pub name: &'static str,
    /// The text of its module, which says where it comes from.
    pub source: &'static str,
    pub exchanges: &'static [Exchanges],
    pub readings: &'static [Reading],
    pub patterns: &'static [Patterns],
    pub origins: &'static [Origins],
    pub names: &'static [Names],
}

impl Suite {
    /// One without tables.
    pub const fn new(name: &'static str, source: &'static str) -> Self {
        Self { name, source, exchanges: &[], readings: &[], patterns: &[], origins: &[], names: &[] }
    }

    /// Vectors, and how many of them we answer differently.
    pub fn counts(&self) -> (usize, usize) {
        let mut counts = (0, 0);
        let mut count = |number, differs: &str| {
            counts.0 += number;
            counts.1 += if differs.is_empty() { 0 } else { number };
        };
        self.exchanges.iter().flat_map(|table| table.rows).for_each(|row| count(1, row.differs));
        self.readings.iter().for_each(|row| count(1, row.differs));
        self.patterns.iter().flat_map(|table| table.rows).for_each(|row| count(1, row.differs));
        self.origins.iter().for_each(|row| count(row.allowed.len() + row.others.len(), row.differs));
        self.names.iter().for_each(|row| count(row.allowed.len() + row.others.len(), row.differs));
        counts
    }
}

/// Requests under one configuration.
pub struct Exchanges {
    pub what: &'static str,
    pub configuration: &'static str,
    /// What the upstream sends, unless a row says otherwise.
    pub upstream: &'static [Header],
    pub rows: &'static [Row],
}

/// A request, and what the client gets.
#[derive(Clone, Copy)]
pub struct Row {
    pub case: &'static str,
    pub method: &'static str,
    pub url: &'static str,
    pub headers: &'static [Header],
    /// What the upstream answers with, or a filter behind.
    pub status: u16,
    pub upstream: Option<&'static [Header]>,
    /// In the notation of `Answer`, with `vary: preflight` for the three names that a preflight's answer depends on.
    pub answer: &'static str,
    pub differs: &'static str,
}

/// A row that the suite has, too.
pub const fn row(case: &'static str, method: &'static str, headers: &'static [Header], answer: &'static str) -> Row {
    let url = "http://api.example/";
    Row { case, method, url, headers, status: 200, upstream: None, answer, differs: "" }
}

impl Row {
    /// The suite expects this instead, and we have a reason.
    pub const fn differs(self, differs: &'static str) -> Self {
        Self { differs, ..self }
    }

    /// For another URL.
    pub const fn url(self, url: &'static str) -> Self {
        Self { url, ..self }
    }

    /// Answered with this.
    pub const fn upstream(self, upstream: &'static [Header]) -> Self {
        Self { upstream: Some(upstream), ..self }
    }

    /// Answered with this status.
    pub const fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }
}

/// What the filter says of a policy.
#[derive(Clone, Copy)]
pub enum Verdict {
    Accepted,
    /// Accepted with a warning that has these words.
    Warned(&'static str),
    /// Refused with words among which are these.
    Refused(&'static str),
}

/// A policy, read.
pub struct Reading {
    pub case: &'static str,
    /// A `corsPolicy` of the profile `strict`.
    pub policy: &'static str,
    pub verdict: Verdict,
    pub differs: &'static str,
}

/// A reading that agrees with the suite's.
pub const fn reading(case: &'static str, policy: &'static str, verdict: Verdict) -> Reading {
    Reading { case, policy, verdict, differs: "" }
}

impl Reading {
    /// The suite expects this instead, and we have a reason.
    pub const fn differs(self, differs: &'static str) -> Self {
        Self { differs, ..self }
    }
}

/// Origins as they are written in policies, read.
pub struct Patterns {
    pub what: &'static str,
    /// What the policy says beside them.
    pub beside: &'static str,
    pub rows: &'static [Pattern],
}

/// An origin as it is written in a policy, read.
pub struct Pattern {
    pub case: &'static str,
    pub text: &'static str,
    pub verdict: Verdict,
    pub differs: &'static str,
}

/// A pattern that is read as the suite reads it.
pub const fn pattern(case: &'static str, text: &'static str, verdict: Verdict) -> Pattern {
    Pattern { case, text, verdict, differs: "" }
}

impl Pattern {
    /// The suite expects this instead, and we have a reason.
    pub const fn differs(self, differs: &'static str) -> Self {
        Self { differs, ..self }
    }

    /// A policy of the profile `strict` with it.
    pub fn policy(&self, beside: &str) -> String {
        format!(r#"{{"allowOrigins": [{:?}]{beside}}}"#, self.text)
    }
}

/// Origins that a policy allows, and others.
pub struct Origins {
    pub case: &'static str,
    /// A list in JSON.
    pub patterns: &'static str,
    pub allowed: &'static [&'static str],
    pub others: &'static [&'static str],
    pub differs: &'static str,
}

/// Lines of `Access-Control-Request-Headers` that a policy allows, and others.
pub struct Names {
    pub case: &'static str,
    /// A list in JSON.
    pub list: &'static str,
    pub allowed: &'static [&'static [&'static str]],
    pub others: &'static [&'static [&'static str]],
    pub differs: &'static str,
}

/// The header of a page.
pub const fn origin(page: &'static str) -> Header {
    ("origin", page)
}

/// What a preflight asks for.
pub const fn asks(method: &'static str) -> Header {
    ("access-control-request-method", method)
}

/// What a preflight asks for, too.
pub const fn names(names: &'static str) -> Header {
    ("access-control-request-headers", names)
}

/// A request under a configuration, from whichever table.
pub struct Exchange {
    pub method: &'static str,
    pub url: &'static str,
    pub headers: Vec<Header>,
    pub status: u16,
    pub upstream: &'static [Header],
}

impl Suite {
    /// Every request of the suite, by configuration.
    pub fn requests(&self) -> Vec<(String, Vec<Exchange>)> {
        let mut all = Vec::new();
        for table in self.exchanges {
            let exchange = |row: &Row| Exchange {
                method: row.method,
                url: row.url,
                headers: row.headers.to_vec(),
                status: row.status,
                upstream: row.upstream.unwrap_or(table.upstream),
            };
            all.push((table.configuration.to_owned(), table.rows.iter().map(exchange).collect()));
        }
        let bare =
            |method, headers| Exchange { method, url: "http://api.example/", headers, status: 200, upstream: &[] };
        for table in self.origins {
            let texts = table.allowed.iter().chain(table.others);
            all.push((table.configuration(), texts.map(|text| bare("GET", vec![origin(text)])).collect()));
        }
        for table in self.names {
            let lines = table.allowed.iter().chain(table.others);
            all.push((table.configuration(), lines.map(|lines| bare("OPTIONS", Names::preflight(lines))).collect()));
        }
        all
    }
}

impl Origins {
    pub fn configuration(&self) -> String {
        format!(r#"{{"policies": [{{"corsPolicy": {{"allowOrigins": {}}}}}]}}"#, self.patterns)
    }
}

impl Names {
    pub fn configuration(&self) -> String {
        let policy = format!(r#"{{"allowOrigins": ["https://page.example"], "allowHeaders": {}}}"#, self.list);
        format!(r#"{{"policies": [{{"corsPolicy": {policy}}}]}}"#)
    }

    /// A preflight that asks for these lines.
    pub fn preflight(lines: &'static [&'static str]) -> Vec<Header> {
        [origin("https://page.example"), asks("GET")].into_iter().chain(lines.iter().map(|line| names(line))).collect()
    }
}
