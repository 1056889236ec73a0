//! Routes: which cluster a request goes to, decided as Envoy's route table decides it.
//!
//! A virtual host is chosen by `:authority` (exact, then the longest suffix wildcard, then the longest prefix wildcard, then
//! `*`), then the first route that matches wins. This module never sends anything.

mod text;

use std::time::Duration;

use crate::envoy::HeaderMap;

/// A named list of virtual hosts (`envoy.config.route.v3.RouteConfiguration`).
#[derive(Clone, Debug, Default)]
pub struct RouteTable {
    /// The route configuration's name.
    pub name: String,
    /// In any order: the most specific domain wins.
    pub virtual_hosts: Vec<VirtualHost>,
}

/// The routes of some domains.
#[derive(Clone, Debug, Default)]
pub struct VirtualHost {
    /// Unique in its table.
    pub name: String,
    /// `host`, `host:port`, `*.suffix`, `prefix.*` or `*`; compared without case.
    pub domains: Vec<String>,
    /// The first that matches wins.
    pub routes: Vec<Route>,
}

/// One route.
#[derive(Clone, Debug)]
pub struct Route {
    /// What `xds.route_name` shows; may be empty.
    pub name: String,
    /// Which requests it takes.
    pub matcher: RouteMatch,
    /// What becomes of them.
    pub action: RouteAction,
    /// The route's timeout; `None` is Envoy's default, zero disables it.
    pub timeout: Option<Duration>,
}

/// All conditions of one route; every one must hold.
#[derive(Clone, Debug, Default)]
pub struct RouteMatch {
    /// On the path without its query.
    pub path: PathMatch,
    /// On headers, pseudo-headers included.
    pub headers: Vec<HeaderMatch>,
    /// On query parameters.
    pub query: Vec<QueryMatch>,
    /// On the filter state that a plugin wrote: key (`wasm.<name>`) and value.
    pub filter_state: Vec<(String, StringMatch)>,
}

/// A condition on the path.
#[derive(Clone, Debug)]
pub enum PathMatch {
    /// The path begins with this.
    Prefix(String),
    /// The path is this.
    Exact(String),
    /// The whole path matches this.
    Regex(CompiledRegex),
}

impl Default for PathMatch {
    fn default() -> Self {
        Self::Prefix("/".to_owned())
    }
}

/// A condition on one header.
#[derive(Clone, Debug)]
pub struct HeaderMatch {
    /// In lower case; `:method`, `:authority` and `:scheme` are headers too.
    pub name: String,
    /// `None`: the header is there, whatever its value.
    pub value: Option<StringMatch>,
    /// The condition must not hold.
    pub invert: bool,
    /// A header that is not there counts as an empty one (`treat_missing_header_as_empty`). Without it, a condition on the
    /// value of a missing header never holds, inverted or not.
    pub missing_as_empty: bool,
}

/// A condition on one query parameter.
#[derive(Clone, Debug)]
pub struct QueryMatch {
    /// The parameter's name.
    pub name: String,
    /// `None`: it is there.
    pub value: Option<StringMatch>,
}

/// A condition on a string (`envoy.type.matcher.v3.StringMatcher`).
#[derive(Clone, Debug)]
pub struct StringMatch {
    pattern: Pattern,
    ignore_case: bool,
}

#[derive(Clone, Debug)]
enum Pattern {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Contains(String),
    Regex(CompiledRegex),
}

/// A regular expression that must match a whole value, with the source that it was compiled from.
#[derive(Clone, Debug)]
pub struct CompiledRegex {
    source: String,
    regex: regex::bytes::Regex,
}

/// A pattern that is no regular expression.
#[derive(Debug, thiserror::Error)]
#[error("expected a regular expression in RE2 syntax, but found `{pattern}`: {reason}")]
pub struct StringMatchError {
    pattern: String,
    reason: String,
}

impl CompiledRegex {
    /// Compiles an RE2 pattern that must match from the first to the last byte.
    pub fn new(source: &str) -> Result<Self, StringMatchError> {
        match regex::bytes::Regex::new(&format!("^(?:{source})$")) {
            Ok(regex) => Ok(Self { source: source.to_owned(), regex }),
            Err(error) => Err(StringMatchError { pattern: source.to_owned(), reason: last_line(&error.to_string()) }),
        }
    }

    /// The pattern as the user wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    fn is_match(&self, value: &[u8]) -> bool {
        self.regex.is_match(value)
    }
}

fn last_line(message: &str) -> String {
    message.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// What becomes of a request that a route takes.
#[derive(Clone, Debug)]
pub enum RouteAction {
    /// It goes to this cluster.
    Cluster(String),
    /// It goes to one of these clusters, in proportion to their weights.
    Weighted(Vec<(String, u32)>),
    /// It is answered by the proxy.
    Direct {
        /// The HTTP status.
        status: u16,
        /// The body; may be empty.
        body: String,
    },
}

/// The random number that settles a weighted route, drawn once for each request as Envoy's stream id is.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomValue(pub u64);

impl StringMatch {
    /// The value is exactly this.
    pub fn exact(value: &str) -> Self {
        Self::of(Pattern::Exact(value.to_owned()))
    }

    /// The value begins with this.
    pub fn prefix(value: &str) -> Self {
        Self::of(Pattern::Prefix(value.to_owned()))
    }

    /// The value ends with this.
    pub fn suffix(value: &str) -> Self {
        Self::of(Pattern::Suffix(value.to_owned()))
    }

    /// The value contains this.
    pub fn contains(value: &str) -> Self {
        Self::of(Pattern::Contains(value.to_owned()))
    }

    /// The whole value matches this RE2 pattern.
    pub fn regex(source: &str) -> Result<Self, StringMatchError> {
        Ok(Self::of(Pattern::Regex(CompiledRegex::new(source)?)))
    }

    /// The same condition without regard to ASCII case; a regular expression is not changed by it, as in Envoy.
    pub fn ignoring_case(mut self) -> Self {
        self.ignore_case = true;
        self
    }

    fn of(pattern: Pattern) -> Self {
        Self { pattern, ignore_case: false }
    }

    /// Whether the condition holds for these bytes.
    pub fn is_match(&self, value: &[u8]) -> bool {
        let fold = |bytes: &[u8]| if self.ignore_case { bytes.to_ascii_lowercase() } else { bytes.to_vec() };
        match &self.pattern {
            Pattern::Regex(regex) => regex.is_match(value),
            Pattern::Exact(pattern) => fold(value) == fold(pattern.as_bytes()),
            Pattern::Prefix(pattern) => fold(value).starts_with(&fold(pattern.as_bytes())),
            Pattern::Suffix(pattern) => fold(value).ends_with(&fold(pattern.as_bytes())),
            Pattern::Contains(pattern) => {
                let needle = fold(pattern.as_bytes());
                needle.is_empty() || fold(value).windows(needle.len()).any(|window| window == needle)
            }
        }
    }

    /// The condition as JSON of `envoy.type.matcher.v3.StringMatcher`.
    pub fn to_json(&self) -> serde_json::Value {
        let (key, value) = match &self.pattern {
            Pattern::Exact(value) => ("exact", value.clone().into()),
            Pattern::Prefix(value) => ("prefix", value.clone().into()),
            Pattern::Suffix(value) => ("suffix", value.clone().into()),
            Pattern::Contains(value) => ("contains", value.clone().into()),
            Pattern::Regex(regex) => ("safe_regex", serde_json::json!({ "regex": regex.source })),
        };
        let mut matcher = serde_json::Map::new();
        matcher.insert(key.to_owned(), value);
        if self.ignore_case {
            matcher.insert("ignore_case".to_owned(), true.into());
        }
        matcher.into()
    }
}

impl RouteTable {
    /// The route that a request takes; `filter_state` gives the value that a plugin wrote under a key.
    pub fn select(
        &self,
        headers: &HeaderMap,
        filter_state: &dyn Fn(&str) -> Option<Vec<u8>>,
    ) -> Option<(&VirtualHost, &Route)> {
        let host = self.virtual_host(headers.get(b":authority").unwrap_or_default())?;
        let route = host.routes.iter().find(|route| route.matcher.is_match(headers, filter_state))?;
        Some((host, route))
    }

    fn virtual_host(&self, authority: &[u8]) -> Option<&VirtualHost> {
        let authority = String::from_utf8_lossy(authority).to_ascii_lowercase();
        self.virtual_hosts
            .iter()
            .filter_map(|host| {
                let best = host.domains.iter().filter_map(|domain| specificity(domain, &authority)).max()?;
                Some((best, host))
            })
            // `max_by_key` keeps the last of equals; the first declared is meant.
            .rev()
            .max_by_key(|(best, _)| *best)
            .map(|(_, host)| host)
    }
}

/// How precisely a domain names an authority: exact, then `*.suffix`, then `prefix.*`, then `*`; longer is more precise.
fn specificity(domain: &str, authority: &str) -> Option<(u8, usize)> {
    let domain = domain.to_ascii_lowercase();
    if domain == "*" {
        return Some((0, 0));
    }
    if let Some(suffix) = domain.strip_prefix('*') {
        return (authority.len() > suffix.len() && authority.ends_with(suffix)).then_some((2, suffix.len()));
    }
    if let Some(prefix) = domain.strip_suffix('*') {
        return (authority.len() > prefix.len() && authority.starts_with(prefix)).then_some((1, prefix.len()));
    }
    (domain == authority).then_some((3, domain.len()))
}

impl RouteMatch {
    /// Whether every condition holds.
    pub fn is_match(&self, headers: &HeaderMap, filter_state: &dyn Fn(&str) -> Option<Vec<u8>>) -> bool {
        let target = headers.get(b":path").unwrap_or_default();
        let (path, query) = split_query(target);
        self.path.is_match(path)
            && self.headers.iter().all(|condition| condition.is_match(headers))
            && self.query.iter().all(|condition| condition.is_match(query))
            && self
                .filter_state
                .iter()
                .all(|(key, value)| filter_state(key).is_some_and(|found| value.is_match(&found)))
    }
}

fn split_query(target: &[u8]) -> (&[u8], &[u8]) {
    let target = target.split(|byte| *byte == b'#').next().unwrap_or_default();
    match target.iter().position(|byte| *byte == b'?') {
        Some(at) => (target.get(..at).unwrap_or_default(), target.get(at + 1..).unwrap_or_default()),
        None => (target, &[]),
    }
}

impl PathMatch {
    fn is_match(&self, path: &[u8]) -> bool {
        match self {
            Self::Prefix(prefix) => path.starts_with(prefix.as_bytes()),
            Self::Exact(exact) => path == exact.as_bytes(),
            Self::Regex(regex) => regex.is_match(path),
        }
    }
}

impl HeaderMatch {
    fn is_match(&self, headers: &HeaderMap) -> bool {
        // Envoy joins the values of a repeated header with a comma before it compares them.
        let found = headers.get_joined(self.name.as_bytes()).or(self.missing_as_empty.then(Vec::new));
        let holds = match (&self.value, found) {
            (None, found) => found.is_some(),
            (Some(value), Some(found)) => value.is_match(&found),
            (Some(_), None) => return false,
        };
        holds != self.invert
    }
}

impl QueryMatch {
    fn is_match(&self, query: &[u8]) -> bool {
        query.split(|byte| *byte == b'&').any(|pair| {
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = halves.next().unwrap_or_default();
            let value = halves.next().unwrap_or_default();
            name == self.name.as_bytes() && self.value.as_ref().is_none_or(|condition| condition.is_match(value))
        })
    }
}

impl RouteAction {
    /// The cluster that a request goes to, for the random number drawn for it; `None` for a direct response.
    pub fn cluster(&self, random: RandomValue) -> Option<&str> {
        match self {
            Self::Cluster(name) => Some(name),
            Self::Weighted(clusters) => {
                let total: u64 = clusters.iter().map(|(_, weight)| u64::from(*weight)).sum();
                let mut left = random.0.checked_rem(total)?;
                clusters.iter().find_map(|(name, weight)| {
                    if left < u64::from(*weight) {
                        return Some(name.as_str());
                    }
                    left -= u64::from(*weight);
                    None
                })
            }
            Self::Direct { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(authority: &str, path: &str, extra: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::from_pairs([(":authority", authority), (":path", path), (":method", "GET")]);
        for (name, value) in extra {
            headers.add(name.as_bytes(), value.as_bytes());
        }
        headers
    }

    fn host(name: &str, domains: &[&str]) -> VirtualHost {
        let route = Route {
            name: name.to_owned(),
            matcher: RouteMatch::default(),
            action: RouteAction::Cluster(name.to_owned()),
            timeout: None,
        };
        VirtualHost {
            name: name.to_owned(),
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            routes: vec![route],
        }
    }

    #[test]
    fn the_most_specific_domain_wins_whatever_the_order() {
        let table = RouteTable {
            name: "test".to_owned(),
            virtual_hosts: vec![
                host("any", &["*"]),
                host("prefix", &["api.*"]),
                host("suffix", &["*.example.com"]),
                host("longer suffix", &["*.eu.example.com"]),
                host("exact", &["api.example.com"]),
            ],
        };
        for (authority, expected) in [
            ("api.example.com", "exact"),
            ("API.example.com", "exact"),
            ("a.eu.example.com", "longer suffix"),
            ("www.example.com", "suffix"),
            ("api.test", "prefix"),
            ("example.com", "any"),
            ("", "any"),
        ] {
            let selected = table.select(&request(authority, "/", &[]), &|_| None).map(|(host, _)| host.name.as_str());
            assert_eq!(selected, Some(expected), "{authority}");
        }
    }

    #[test]
    fn a_route_needs_all_of_its_conditions() {
        let matcher = RouteMatch {
            path: PathMatch::Prefix("/hello".to_owned()),
            headers: vec![HeaderMatch {
                name: "route-v".to_owned(),
                value: Some(StringMatch::exact("v2")),
                invert: false,
                missing_as_empty: false,
            }],
            query: vec![QueryMatch { name: "debug".to_owned(), value: None }],
            filter_state: vec![("wasm.lane".to_owned(), StringMatch::exact("gray"))],
        };
        let gray = |key: &str| (key == "wasm.lane").then(|| b"gray".to_vec());
        assert!(matcher.is_match(&request("a", "/hello/x?debug=1", &[("route-v", "v2")]), &gray));
        assert!(!matcher.is_match(&request("a", "/bye?debug", &[("route-v", "v2")]), &gray));
        assert!(!matcher.is_match(&request("a", "/hello?debug", &[("route-v", "v1")]), &gray));
        assert!(!matcher.is_match(&request("a", "/hello?debug", &[("route-v", "v2"), ("route-v", "v3")]), &gray));
        assert!(!matcher.is_match(&request("a", "/hello", &[("route-v", "v2")]), &gray));
        assert!(!matcher.is_match(&request("a", "/hello?debug", &[("route-v", "v2")]), &|_| None));
    }

    #[test]
    fn a_missing_header_fails_every_condition_on_its_value_unless_it_counts_as_empty() {
        let matches = |invert, missing_as_empty| {
            let value = Some(StringMatch::exact("v2"));
            HeaderMatch { name: "route-v".to_owned(), value, invert, missing_as_empty }.is_match(&request(
                "a",
                "/",
                &[],
            ))
        };
        assert!(!matches(false, false));
        assert!(!matches(true, false));
        assert!(!matches(false, true));
        assert!(matches(true, true));
    }

    #[test]
    fn a_regex_must_match_the_whole_value() {
        let matcher = StringMatch::regex("v[0-9]|beta").expect("a valid pattern");
        assert!(matcher.is_match(b"v1"));
        assert!(matcher.is_match(b"beta"));
        assert!(!matcher.is_match(b"v12"));
        assert!(!matcher.is_match(b"betamax"));
        insta::assert_snapshot!(
            StringMatch::regex("v(").expect_err("an open group"),
            @"expected a regular expression in RE2 syntax, but found `v(`: unclosed group"
        );
    }

    #[test]
    fn weights_share_out_the_random_values() {
        let action = RouteAction::Weighted(vec![("a".to_owned(), 10), ("b".to_owned(), 90)]);
        let picked: Vec<_> =
            [0, 9, 10, 99, 100].map(|value| action.cluster(RandomValue(value))).into_iter().flatten().collect();
        assert_eq!(picked, ["a", "a", "b", "b", "a"]);
        assert_eq!(RouteAction::Weighted(vec![]).cluster(RandomValue(3)), None);
    }
}
