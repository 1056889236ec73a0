//! The conditions of a route in words, for people. Nothing reads them back.

use std::fmt;

use super::{HeaderMatch, PathMatch, Pattern, QueryMatch, RouteMatch, StringMatch};

impl fmt::Display for RouteMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut conditions = Vec::new();
        match &self.path {
            PathMatch::Prefix(prefix) if prefix == "/" => {}
            PathMatch::Prefix(prefix) => conditions.push(format!("path begins with {prefix}")),
            PathMatch::Exact(path) => conditions.push(format!("path is {path}")),
            PathMatch::Regex(regex) => conditions.push(format!("path matches {}", regex.source())),
        }
        conditions.extend(self.headers.iter().map(HeaderMatch::to_string));
        conditions.extend(self.query.iter().map(QueryMatch::to_string));
        conditions.extend(self.filter_state.iter().map(|(key, value)| format!("filter state {key} {value}")));
        if conditions.is_empty() {
            return f.write_str("any request");
        }
        f.write_str(&conditions.join(" and "))
    }
}

impl fmt::Display for HeaderMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, self.invert) {
            (None, false) => write!(f, "{} is there", self.name),
            (None, true) => write!(f, "{} is not there", self.name),
            (Some(value), false) => write!(f, "{} {value}", self.name),
            (Some(value), true) => write!(f, "not ({} {value})", self.name),
        }
    }
}

impl fmt::Display for QueryMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            None => write!(f, "?{} is there", self.name),
            Some(value) => write!(f, "?{} {value}", self.name),
        }
    }
}

impl fmt::Display for StringMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, pattern) = match &self.pattern {
            Pattern::Exact(value) => ("is", value.as_str()),
            Pattern::Prefix(value) => ("begins with", value.as_str()),
            Pattern::Suffix(value) => ("ends with", value.as_str()),
            Pattern::Contains(value) => ("contains", value.as_str()),
            Pattern::Regex(regex) => ("matches", regex.source()),
        };
        let case = if self.ignore_case { " in any case" } else { "" };
        write!(f, "{verb} {pattern}{case}")
    }
}

#[cfg(test)]
mod tests {
    use super::super::CompiledRegex;
    use super::*;

    #[test]
    fn conditions_read_as_a_sentence() {
        let header = |value: Option<StringMatch>, invert| HeaderMatch {
            name: "lane".to_owned(),
            value,
            invert,
            missing_as_empty: false,
        };
        let text = |path, header| RouteMatch { path, headers: vec![header], ..RouteMatch::default() }.to_string();
        let any = PathMatch::default;
        let regex = CompiledRegex::new("/v[12]").expect("a pattern");
        for (shown, expected) in [
            (RouteMatch::default().to_string(), "any request"),
            (text(any(), header(None, false)), "lane is there"),
            (text(any(), header(None, true)), "lane is not there"),
            (
                text(PathMatch::Exact("/a".into()), header(Some(StringMatch::exact("v1")), false)),
                "path is /a and lane is v1",
            ),
            (
                text(PathMatch::Prefix("/a".into()), header(Some(StringMatch::prefix("v")), true)),
                "path begins with /a and not (lane begins with v)",
            ),
            (
                text(PathMatch::Regex(regex), header(Some(StringMatch::suffix("1").ignoring_case()), false)),
                "path matches /v[12] and lane ends with 1 in any case",
            ),
        ] {
            assert_eq!(shown, expected);
        }
        let query = |value| QueryMatch { name: "v".to_owned(), value };
        let rest = RouteMatch {
            query: vec![query(None), query(Some(StringMatch::contains("2")))],
            filter_state: vec![("wasm.lane".to_owned(), StringMatch::exact("gray"))],
            ..RouteMatch::default()
        };
        assert_eq!(rest.to_string(), "?v is there and ?v contains 2 and filter state wasm.lane is gray");
    }
}
