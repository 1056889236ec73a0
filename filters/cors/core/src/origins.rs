//! Which origins a policy allows, by index: the cost does not grow with the number of origins and wildcards, only with that of
//! regular expressions.

use crate::origin::{Origin, Port};
use crate::scratch::Scratch;
use crate::table::{Entry, Table};
use string_match::StringMatch;

/// The origins that a policy allows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins {
    /// `*`.
    pub(crate) any: bool,
    /// Whole origins.
    exact: Table,
    /// Origins without their port, which may be any.
    any_port: Table,
    /// Hosts below a domain, under [`subdomain_key`].
    subdomains: Table,
    /// Whatever no index answers.
    matchers: Vec<StringMatch>,
}

/// The port that a wildcard asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PortPattern {
    Any,
    One(Port),
}

/// One entry of the configuration.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pattern<'a> {
    Any,
    Exact(&'a [u8]),
    /// Scheme and host.
    AnyPort(&'a [u8]),
    /// Hosts that end with this, which begins with a dot or is empty.
    Subdomains {
        scheme: &'a [u8],
        suffix: &'a [u8],
        port: PortPattern,
    },
}

/// Origins while they are collected.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    any: bool,
    exact: Vec<Entry>,
    any_port: Vec<Entry>,
    subdomains: Vec<Entry>,
    matchers: Vec<StringMatch>,
}

impl Builder {
    pub(crate) fn pattern(&mut self, pattern: &Pattern<'_>) {
        match pattern {
            Pattern::Any => self.any = true,
            Pattern::Exact(origin) => self.exact.push(Entry::new(origin, 0)),
            Pattern::AnyPort(base) => self.any_port.push(Entry::new(base, 0)),
            Pattern::Subdomains { scheme, suffix, port } => {
                // What does not fit is longer than any origin below it that is looked up.
                let key = subdomain_key(scheme, *port, suffix);
                self.subdomains.extend(key.map(|key| Entry::new(key.as_bytes(), 0)));
            }
        }
    }

    pub(crate) fn matcher(&mut self, matcher: StringMatch) {
        self.matchers.push(matcher);
    }

    pub(crate) fn build(self) -> Origins {
        let table = |entries| Table::new(entries).0;
        let (exact, any_port, subdomains) = (table(self.exact), table(self.any_port), table(self.subdomains));
        Origins { any: self.any, exact, any_port, subdomains, matchers: self.matchers }
    }
}

impl Origins {
    /// Whether an origin, which is this text, is allowed; `null` and whatever else is none never is.
    pub(crate) fn allow(&self, text: &[u8], origin: &Origin<'_>) -> bool {
        self.any || self.list(text, origin) || self.match_text(text)
    }

    /// Whether Envoy's filter would allow this, whatever it is.
    pub(crate) fn allow_as_envoy(&self, text: &[u8]) -> bool {
        self.any
            || self.exact.get(text).is_some()
            || self.match_text(text)
            || Origin::parse(text).is_ok_and(|origin| self.list(text, &origin))
    }

    fn match_text(&self, text: &[u8]) -> bool {
        self.matchers.iter().any(|matcher| matcher.matches(text))
    }

    fn list(&self, text: &[u8], origin: &Origin<'_>) -> bool {
        let below = |port| {
            let key = subdomain_key(origin.scheme, port, origin.host);
            key.is_some_and(|key| self.subdomains.longest(key.as_bytes()).is_some())
        };
        self.exact.get(text).is_some()
            || self.any_port.get(origin.base).is_some()
            || (!self.subdomains.is_empty() && (below(PortPattern::One(origin.port)) || below(PortPattern::Any)))
    }
}

/// Scheme, port and the host backwards: a domain begins all hosts below it.
fn subdomain_key(scheme: &[u8], port: PortPattern, host: &[u8]) -> Option<Scratch> {
    // No port is 0.
    let (kind, number) = match port {
        PortPattern::Any => (b'*', 0),
        PortPattern::One(Port::Default) => (b':', 0),
        PortPattern::One(Port::Number(number)) => (b':', number),
    };
    let [high, low] = number.to_be_bytes();
    let mut key = Scratch::new();
    key.push(scheme)?;
    key.push(&[kind, high, low])?;
    key.push(host)?.reverse();
    Some(key)
}

impl<'a> Pattern<'a> {
    /// Reads an origin, or one with a wildcard:
    ///
    /// ```text
    /// pattern = "*" | origin | scheme "://" host ":*" | scheme "://*" [ "." domain ] [ ":" port | ":*" ]
    /// ```
    /// Says what keeps a text from being one.
    pub(crate) fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text == "null" {
            return Err("stands for every sandboxed document, whoever wrote it");
        }
        let (rest, any_port) = text.strip_suffix(":*").map_or((text, false), |rest| (rest, true));
        let wildcard = rest.as_bytes().windows(4).position(|part| part == b"://*");
        let Some((scheme, domain)) = wildcard.and_then(|at| Some((rest.get(..at)?, rest.get(at + 4..)?))) else {
            let origin = Origin::parse(rest.as_bytes())?;
            return match (any_port, origin.port) {
                (false, _) => Ok(Self::Exact(text.as_bytes())),
                (true, Port::Default) => Ok(Self::AnyPort(origin.base)),
                (true, Port::Number(_)) => Err("has two ports"),
            };
        };
        let (suffix, _) = crate::origin::split_port(domain.as_bytes());
        // A host that ends so stands in for all of them.
        let host = if suffix.is_empty() || domain.starts_with('.') { "x" } else { "*" };
        let example = format!("{scheme}://{host}{domain}");
        match (any_port, Origin::parse(example.as_bytes())?.port) {
            (true, Port::Number(_)) => Err("has two ports"),
            (true, Port::Default) => Ok(Self::Subdomains { scheme: scheme.as_bytes(), suffix, port: PortPattern::Any }),
            (false, port) => Ok(Self::Subdomains { scheme: scheme.as_bytes(), suffix, port: PortPattern::One(port) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn origins(patterns: &[&str]) -> Origins {
        let mut builder = Builder::default();
        for pattern in patterns {
            builder.pattern(&Pattern::parse(pattern).unwrap());
        }
        builder.build()
    }

    fn allow(origins: &Origins, text: &str) -> bool {
        Origin::parse(text.as_bytes()).is_ok_and(|origin| origins.allow(text.as_bytes(), &origin))
    }

    #[track_caller]
    fn check(patterns: &[&str], allowed: &[&str], others: &[&str]) {
        let origins = origins(patterns);
        for origin in allowed {
            assert!(allow(&origins, origin), "{patterns:?} {origin}");
            assert!(origins.allow_as_envoy(origin.as_bytes()), "{patterns:?} {origin}");
        }
        for origin in others {
            assert!(!allow(&origins, origin), "{patterns:?} {origin}");
        }
    }

    #[test]
    fn an_origin_is_itself_alone() {
        check(
            &["https://example.com", "http://example.com:8080"],
            &["https://example.com", "http://example.com:8080"],
            &[
                "http://example.com",
                "https://example.com:8080",
                "https://example.com.evil.example",
                "https://evilexample.com",
                "https://www.example.com",
                "https://example.co",
                "null",
                "*",
                "",
            ],
        );
    }

    #[test]
    fn a_wildcard_ends_at_a_label_and_means_at_least_one() {
        check(
            &["https://*.example.com"],
            &["https://a.example.com", "https://a.b.example.com"],
            &[
                "https://example.com",
                "https://.example.com",
                "https://hackersexample.com",
                "https://a.example.com:8443",
                "http://a.example.com",
                "https://a.example.com.evil.example",
                "https://aexample.com",
            ],
        );
    }

    #[test]
    fn ports_are_explicit() {
        check(
            &["https://*.a.example:8443", "http://b.example:*", "http://*.c.example:*"],
            &[
                "https://x.a.example:8443",
                "http://b.example",
                "http://b.example:1",
                "http://x.c.example",
                "http://x.c.example:65535",
            ],
            &["https://x.a.example", "https://x.a.example:844", "http://b.example.evil.example", "http://c.example:90"],
        );
    }

    #[test]
    fn any_host_is_any_well_formed_origin_of_the_scheme() {
        check(&["http://*:8080"], &["http://a.example:8080", "http://[::1]:8080"], &["http://a.example", "null"]);
        check(
            &["https://*"],
            &["https://a.example", "https://localhost"],
            &["https://a.example:1", "http://a.example"],
        );
        check(
            &["*"],
            &["https://a.example", "moz-extension://a"],
            &["null", "*", "", "https://a.example/", "a.example"],
        );
    }

    #[test]
    fn domains_that_end_alike_are_kept_apart() {
        // Two domains with a common end must not allow what is made of both (GHSA-vhxv-fg4m-p2w8).
        check(
            &["https://foo.com", "https://bar.com"],
            &["https://foo.com", "https://bar.com"],
            &["https://barfoo.com", "https://foobar.com"],
        );
        check(
            &["https://*.foo.com", "https://*.b.foo.com:*", "https://*.bar.com"],
            &["https://a.foo.com", "https://a.b.foo.com:1", "https://a.bar.com"],
            &["https://a.foo.com:1", "https://barfoo.com", "https://b.foo.com:1", "https://foo.com"],
        );
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in [
            "",
            "null",
            "**",
            "https://*example.com",
            "https://*.*.example.com",
            "https://a.*.example.com",
            "https://example.*",
            "https://*.",
            "https://*.example.com/",
            "https://*.Example.com",
            "https://*.example.com:443",
            "https://*.example.com:80:*",
            "https://example.com:80:*",
            "https://example.com:",
            "https://example.com:**",
            "*://example.com",
            "*.example.com",
            "https://*.example.com:8*",
        ] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use proptest::prelude::*;

        fn part() -> impl Strategy<Value = String> {
            "(https?)://([ab]\\.){0,3}[ab](:[12])?"
        }

        fn pattern() -> impl Strategy<Value = String> {
            let wildcard = "(https?)://\\*(\\.[ab]){0,3}(:[12]|:\\*)?";
            prop_oneof![part(), wildcard, part().prop_map(|origin| format!("{origin}:*"))]
        }

        /// What a pattern means, letter by letter.
        fn means(pattern: &str, origin: &str) -> bool {
            let split = |text: &str| -> Option<(String, String, String)> {
                let (scheme, rest) = text.split_once("://")?;
                let (host, port) = rest.split_once(':').unwrap_or((rest, ""));
                Some((scheme.to_owned(), host.to_owned(), port.to_owned()))
            };
            let (Some(pattern), Some(origin)) = (split(pattern), split(origin)) else { return false };
            let host = match pattern.1.strip_prefix('*') {
                Some(suffix) => origin.1.len() > suffix.len() && origin.1.ends_with(suffix),
                None => origin.1 == pattern.1,
            };
            pattern.0 == origin.0 && host && (pattern.2 == "*" || pattern.2 == origin.2)
        }

        proptest! {
            #[test]
            fn the_index_agrees_with_each_pattern_alone(patterns in prop::collection::vec(pattern(), 0..8), origin in part()) {
                let mut builder = Builder::default();
                let sound: Vec<_> = patterns.iter().filter(|pattern| Pattern::parse(pattern).is_ok()).collect();
                for pattern in &sound {
                    builder.pattern(&Pattern::parse(pattern).unwrap());
                }
                let expected = sound.iter().any(|pattern| means(pattern, &origin));
                prop_assert_eq!(allow(&builder.build(), &origin), expected, "{:?} {}", sound, origin);
            }

            #[test]
            fn reading_a_pattern_never_panics(text in "\\PC{0,40}", near in "[a-z:/.*0-9\\[\\]]{0,40}") {
                let _ = Pattern::parse(&text);
                let _ = Pattern::parse(&near);
            }
        }
    }
}
