//! The origins of a policy: as Istio and Envoy write matchers, or as patterns; and what is dangerous about them.

use super::{Profile, one_name, unlike};
use crate::origin::{Origin, Port, split_port};
use crate::origins::{Builder, Origins, Pattern};
use std::rc::Rc;
use strict_config::{Kind, Object, Reader, Value};
use string_match::StringMatch;

/// What a policy says about origins.
#[derive(Debug, Default)]
pub(super) struct Written<'r> {
    pub(super) allowed: Option<Rc<Origins>>,
    pub(super) wild: Option<&'r Value>,
    pub(super) clear_text: Vec<&'r Value>,
}

/// Before a flaw.
const WHICH: &str = ", which ";

/// Origins of strangers: what matches one of them matches all.
const STRANGERS: [&str; 2] = ["https://x.evil.example", "http://evil-7.example:8443"];

/// Domains of which anyone may have a part, beside those of a single label.
const SHARED_DOMAINS: [&str; 22] = [
    "appspot.com",
    "azurewebsites.net",
    "cloudfront.net",
    "co.jp",
    "co.kr",
    "co.nz",
    "co.uk",
    "com.au",
    "com.br",
    "com.cn",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "herokuapp.com",
    "netlify.app",
    "onrender.com",
    "org.uk",
    "pages.dev",
    "vercel.app",
    "web.app",
    "workers.dev",
];

/// Top-level domains that nobody registers (RFC 2606, RFC 6761, and `internal`).
const PRIVATE_DOMAINS: [&str; 6] = ["example", "internal", "invalid", "local", "localhost", "test"];

/// Reads whichever list of origins a policy has.
pub(super) fn read<'r>(reader: &'r Reader, profile: Profile, object: &mut Object<'r>) -> Written<'r> {
    let names = ["allow_origins", "allow_origin_string_match", "allow_origin"];
    let Some(list) = one_name(reader, object, &names) else { return Written::default() };
    let mut reading = Reading { reader, profile, builder: Builder::default(), written: Written::default() };
    let elements = reader.array(list).unwrap_or_default();
    for element in elements {
        match element.kind() {
            Kind::String(text) => reading.pattern(element, text),
            _ => reading.matcher(element),
        }
    }
    let Reading { builder, mut written, .. } = reading;
    written.allowed = (!elements.is_empty()).then(|| Rc::new(builder.build()));
    written
}

struct Reading<'r> {
    reader: &'r Reader,
    profile: Profile,
    builder: Builder,
    written: Written<'r>,
}

impl<'r> Reading<'r> {
    fn pattern(&mut self, value: &'r Value, text: &str) {
        match Pattern::parse(text) {
            Ok(pattern) => {
                match &pattern {
                    Pattern::Any | Pattern::Subdomains { suffix: b"", .. } => self.written.wild = Some(value),
                    Pattern::Subdomains { suffix, .. } if is_shared(suffix) => {
                        let remark = ", below which anyone may have a host";
                        self.reader.warning(value, unlike("a domain of your own", text, remark, ""));
                    }
                    _ => {}
                }
                self.note_clear_text(value, text);
                self.builder.pattern(&pattern);
            }
            Err(flaw) => self.no_origin(value, text, flaw),
        }
    }

    fn no_origin(&self, value: &Value, text: &str, flaw: &str) {
        let what = "an origin such as https://www.example.com, a pattern such as https://*.example.com, or *";
        self.reader.problem(value, unlike(what, text, WHICH, flaw));
    }

    /// An object with one matcher.
    fn matcher(&mut self, value: &'r Value) {
        let Some(object) = self.reader.object(value) else { return };
        let mut object = object.as_proto_json();
        let (exact, prefix) = (object.get("exact"), object.get("prefix"));
        let (regex, safe_regex) = (object.get("regex"), object.get("safe_regex"));
        let is_native = self.profile == Profile::Envoy;
        let ignores_case = is_native && object.get("ignore_case").is_some();
        match (exact, prefix, regex, safe_regex) {
            (Some(exact), None, None, None) if !ignores_case => self.exact(exact),
            (None, None, None, Some(safe_regex)) if is_native => self.native(safe_regex),
            // Whatever else Envoy matches, and whatever is wrong with it, the matcher reads.
            (_, _, _, None) if is_native => return self.native(value),
            (None, Some(prefix), None, None) => self.prefix(prefix),
            (None, None, Some(_), None) => self.regex(value),
            (None, None, None, Some(safe_regex)) => self.regex(safe_regex),
            (None, None, None, None) => {
                self.reader.problem(value, "expected one of exact, prefix and regex, but found none");
            }
            _ => self.reader.problem(value, "expected one of exact, prefix and regex, but found several"),
        }
        object.finish();
    }

    fn exact(&mut self, value: &'r Value) {
        let Some(text) = self.reader.string(value) else { return };
        if text == "*" {
            self.written.wild = Some(value);
            return self.builder.pattern(&Pattern::Any);
        }
        self.note_clear_text(value, text);
        let sound = if text == "null" {
            Err("stands for every sandboxed document, whoever wrote it")
        } else {
            Origin::parse(text.as_bytes()).map(|_| ())
        };
        match (sound, self.profile) {
            (Ok(()), _) => self.builder.pattern(&Pattern::Exact(text.as_bytes())),
            (Err(_), Profile::Strict) if text.contains('*') => {
                let what = "an origin such as https://www.example.com (a pattern takes the place of the object)";
                self.reader.expected(what, value);
            }
            (Err(flaw), Profile::Strict) => self.no_origin(value, text, flaw),
            (Err(flaw), Profile::Envoy) => {
                self.reader.warning(value, unlike("an origin", text, WHICH, flaw));
                self.builder.pattern(&Pattern::Exact(text.as_bytes()));
            }
        }
    }

    /// Strictly, an origin with whatever port: nothing else begins with an origin and ends where one may.
    fn prefix(&mut self, value: &'r Value) {
        let Some(text) = self.reader.string(value) else { return };
        self.note_clear_text(value, text);
        match Origin::parse(text.as_bytes()) {
            Ok(origin) => {
                self.builder.pattern(&Pattern::Exact(text.as_bytes()));
                if origin.port == Port::Default {
                    self.builder.pattern(&Pattern::AnyPort(text.as_bytes()));
                }
            }
            Err(flaw) => {
                let what = "a prefix that is an origin, so that it ends where a host does (or a pattern such as https://*.example.com)";
                self.reader.problem(value, unlike(what, text, WHICH, flaw));
            }
        }
    }

    fn regex(&mut self, value: &'r Value) {
        let Some(matcher) = self.read_matcher(value) else { return };
        self.judge_regex(value, &matcher);
        self.builder.matcher(matcher);
    }

    /// A matcher, with an answer for those who mean a wildcard.
    fn read_matcher(&self, value: &Value) -> Option<StringMatch> {
        if let Some(regex) = value.get("regex").filter(|regex| matches!(regex.as_str(), Some("" | "*"))) {
            self.reader.expected("a regular expression (any origin is {\"exact\": \"*\"})", regex);
            return None;
        }
        StringMatch::read(self.reader, value)
    }

    /// Envoy's matchers as Envoy matches them.
    fn native(&mut self, value: &'r Value) {
        let Some(matcher) = self.read_matcher(value) else { return };
        let reader = self.reader;
        if matcher.matches(b"*") {
            reader
                .warning(value, "expected origins, but found a matcher of \"*\", for which Envoy allows every origin");
            self.written.wild = Some(value);
            self.builder.pattern(&Pattern::Any);
        } else {
            for (name, before, after) in [
                ("prefix", "", ".evil.example"),
                ("suffix", "https://evil", ""),
                ("contains", "https://", ".evil.example"),
            ] {
                let Some(text) = value.get(name).and_then(Value::as_str) else { continue };
                let stranger = [before, text, after].concat();
                // What begins with a dot are the hosts below a domain.
                if !text.starts_with('.') && Origin::parse(stranger.as_bytes()).is_ok() {
                    reader.warning(value, unlike("origins of your own", text, ", which matches ", &stranger));
                }
            }
            self.judge_regex(value, &matcher);
        }
        self.builder.matcher(matcher);
    }

    fn judge_regex(&mut self, value: &'r Value, matcher: &StringMatch) {
        let Some(text) = value.get("regex").and_then(Value::as_str) else { return };
        if STRANGERS.iter().any(|stranger| matcher.matches(stranger.as_bytes())) {
            self.written.wild = Some(value);
            let remark = ", which matches those of strangers";
            self.reader.warning(value, unlike("origins of your own", text, remark, ""));
        } else if has_bare_dot(text) {
            self.reader.warning(value, unlike("dots as \\.", text, ", in which a dot is any letter", ""));
        }
        if ["http:", "https?:"].iter().any(|scheme| text.trim_start_matches('^').starts_with(scheme)) {
            self.written.clear_text.push(value);
        }
    }

    fn note_clear_text(&mut self, value: &'r Value, text: &str) {
        let Some(host) = text.strip_prefix("http://") else { return };
        let (host, _) = split_port(host.as_bytes());
        let loops_back = |address: &[u8]| address.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.');
        let is_own = matches!(host, b"localhost" | b"[::1]")
            || host.ends_with(b".localhost")
            || host.strip_prefix(b"127.").is_some_and(loops_back);
        if !is_own {
            self.written.clear_text.push(value);
        }
    }
}

/// Whether anyone may have a host with this end.
fn is_shared(suffix: &[u8]) -> bool {
    let domain = std::str::from_utf8(suffix).unwrap_or_default().trim_start_matches('.');
    let is_top = !domain.contains('.') && !PRIVATE_DOMAINS.contains(&domain);
    is_top || SHARED_DOMAINS.contains(&domain)
}

/// Whether a regular expression has a dot between letters that is not escaped: one that was perhaps meant as itself.
fn has_bare_dot(regex: &str) -> bool {
    let bytes = regex.as_bytes();
    bytes.windows(3).any(
        |part| matches!(part, [before, b'.', after] if before.is_ascii_alphanumeric() && after.is_ascii_alphanumeric()),
    )
}
