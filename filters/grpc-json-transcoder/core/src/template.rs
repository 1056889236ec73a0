//! Path templates: what the pattern of an HTTP rule says about a path.
//!
//! The grammar is that of `google/api/http.proto`, widened as the native transcoder has it: after `**` there may be literals,
//! and a literal is anything without `/`, `:`, `{` and `}`.
//!
//! ```text
//! Template  = "/" | "/" Segments [ Verb ] ;
//! Segments  = Segment { "/" Segment } ;
//! Segment   = "*" | "**" | LITERAL | Variable ;
//! Variable  = "{" FieldPath [ "=" Segments ] "}" ;      without a variable in it; {a} is {a=*}
//! FieldPath = IDENT { "." IDENT } ;
//! Verb      = ":" LITERAL ;
//! ```
//!
//! It knows no schema: whether a variable names a field is found out in [`crate::rule`].

use std::fmt;

/// A parsed path template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Template {
    /// What the segments of a path have to be, in order; none for `/`.
    pub segments: Vec<Segment>,
    /// What has to stand after the last colon.
    pub verb: Option<String>,
    /// The parts of the path that are bound to fields.
    pub variables: Vec<Variable>,
}

/// What a segment of a path has to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// These very characters.
    Literal(String),
    /// `*`: any segment.
    One,
    /// `**`: any number of segments; at least one where literals follow.
    Many,
}

/// A part of the path that is bound to a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The names that lead to the field, one for each message on the way.
    pub field_path: Vec<String>,
    /// Where in the template its name begins, in characters from 1.
    pub column: usize,
    /// The segments that it covers.
    pub span: Span,
}

/// A run of segments of a path that matched a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: Edge,
    end: Edge,
    /// Whether it is more than one `*` or literal; escapes are then decoded with care.
    pub is_multi_segment: bool,
}

/// A place between segments: what stands after `**` is counted from the end of the path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    FromStart(usize),
    FromEnd(usize),
}

impl Span {
    /// The part of a path that it covers; the path has no slash at either end.
    pub fn of(self, path: &[u8]) -> &[u8] {
        let slash =
            |count: usize| path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).nth(count);
        let slash_from_end = |count: usize| {
            path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).nth(count)
        };
        let start = match self.start {
            Edge::FromStart(0) => 0,
            Edge::FromStart(segments) => slash(segments - 1).map_or(path.len(), |at| at + 1),
            Edge::FromEnd(0) => path.len(),
            Edge::FromEnd(segments) => slash_from_end(segments - 1).map_or(0, |at| at + 1),
        };
        let end = match self.end {
            Edge::FromStart(0) => 0,
            Edge::FromStart(segments) => slash(segments - 1).unwrap_or(path.len()),
            Edge::FromEnd(0) => path.len(),
            Edge::FromEnd(segments) => slash_from_end(segments - 1).unwrap_or(0),
        };
        path.get(start..end).unwrap_or_default()
    }
}

/// Why a text is no path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What the grammar allows there.
    pub expected: &'static str,
    /// What stands there; nothing at the end of the text.
    pub found: Option<String>,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: expected {}, but found ", self.column, self.expected)?;
        match &self.found {
            Some(found) => write!(f, "`{found}`"),
            None => f.write_str("the end"),
        }
    }
}

impl std::error::Error for TemplateError {}

impl Template {
    /// Parses a template.
    ///
    /// ```
    /// use grpc_json_transcoder_core::template::Template;
    ///
    /// let template = Template::parse("/v1/{name=shelves/*}/books:search").unwrap();
    /// assert_eq!(template.verb.as_deref(), Some("search"));
    /// assert_eq!(template.variables[0].span.of(b"v1/shelves/7/books"), b"shelves/7");
    ///
    /// let error = Template::parse("/v1/{name").unwrap_err();
    /// assert_eq!(error.to_string(), "column 10: expected `=`, `.` or `}`, but found the end");
    /// ```
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parser = Parser { text, rest: text, segments: Vec::new(), variables: Vec::new(), many: None };
        parser.expect('/', "`/`")?;
        let verb = if parser.rest.is_empty() { None } else { parser.segments_and_verb()? };
        let Parser { segments, variables, many, .. } = parser;
        let edge = |index: usize| match many {
            Some(many) if index > many => Edge::FromEnd(segments.len() - index),
            _ => Edge::FromStart(index),
        };
        let variables = variables
            .into_iter()
            .map(|Parsed { field_path, column, start, end }| {
                let is_multi_segment = end - start > 1 || many.is_some_and(|many| (start..end).contains(&many));
                Variable { field_path, column, span: Span { start: edge(start), end: edge(end), is_multi_segment } }
            })
            .collect();
        Ok(Self { segments, verb, variables })
    }
}

/// A variable with the indices of its segments.
struct Parsed {
    field_path: Vec<String>,
    column: usize,
    start: usize,
    end: usize,
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    segments: Vec<Segment>,
    variables: Vec<Parsed>,
    /// The index of `**`.
    many: Option<usize>,
}

impl<'a> Parser<'a> {
    fn column(&self) -> usize {
        self.text.chars().count() - self.rest.chars().count() + 1
    }

    fn error<T>(&self, expected: &'static str) -> Result<T, TemplateError> {
        let found = self.rest.chars().next().map(String::from);
        Err(TemplateError { column: self.column(), expected, found })
    }

    fn take(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, letter: char, expected: &'static str) -> Result<(), TemplateError> {
        if self.take(letter.encode_utf8(&mut [0; 4])) { Ok(()) } else { self.error(expected) }
    }

    /// Everything up to one of these letters or the end, which must be something.
    fn word(&mut self, ends: &[char], expected: &'static str) -> Result<&'a str, TemplateError> {
        let (word, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
        if word.is_empty() {
            return self.error(expected);
        }
        self.rest = rest;
        Ok(word)
    }

    fn segments_and_verb(&mut self) -> Result<Option<String>, TemplateError> {
        self.segment(true)?;
        while self.take("/") {
            self.segment(true)?;
        }
        if self.rest.is_empty() {
            return Ok(None);
        }
        self.expect(':', "`/`, `:` or the end")?;
        let verb = self.word(&['/', ':', '{', '}'], "a verb")?;
        if self.rest.is_empty() { Ok(Some(verb.to_owned())) } else { self.error("the end") }
    }

    fn segment(&mut self, may_be_variable: bool) -> Result<(), TemplateError> {
        let wild = self.rest.starts_with('*');
        if wild && self.many.is_some() {
            return self.error("nothing but literals after `**`");
        }
        if self.take("**") {
            self.many = Some(self.segments.len());
            self.segments.push(Segment::Many);
        } else if self.take("*") {
            self.segments.push(Segment::One);
        } else if may_be_variable && self.rest.starts_with('{') {
            self.variable()?;
        } else {
            let expected = if may_be_variable { "a segment" } else { "a segment that is no variable" };
            let literal = self.word(&['/', ':', '{', '}'], expected)?;
            self.segments.push(Segment::Literal(literal.to_owned()));
        }
        Ok(())
    }

    fn variable(&mut self) -> Result<(), TemplateError> {
        self.take("{");
        let (column, start) = (self.column(), self.segments.len());
        let mut field_path = Vec::new();
        loop {
            field_path.push(self.word(&['.', '=', '}', '{', '/', ':', '*'], "the name of a field")?.to_owned());
            if !self.take(".") {
                break;
            }
        }
        if self.take("=") {
            self.segment(false)?;
            while self.take("/") {
                self.segment(false)?;
            }
            self.expect('}', "`/` or `}`")?;
        } else if self.rest.starts_with('}') && self.many.is_some() {
            return self.error("`=` with nothing but literals, as this stands after `**`");
        } else {
            self.expect('}', "`=`, `.` or `}`")?;
            self.segments.push(Segment::One);
        }
        self.variables.push(Parsed { field_path, column, start, end: self.segments.len() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// Shows a template as its segments, its verb, and for each variable what it covers; `-` counts from the end of a path.
    fn show(text: &str) -> String {
        let template = match Template::parse(text) {
            Ok(template) => template,
            Err(error) => return error.to_string(),
        };
        let segments = template.segments.iter().map(|segment| match segment {
            Segment::Literal(literal) => literal,
            Segment::One => "*",
            Segment::Many => "**",
        });
        let mut shown = segments.collect::<Vec<_>>().join(" ");
        if let Some(verb) = template.verb {
            shown = format!("{shown} :{verb}");
        }
        for Variable { field_path, span, .. } in template.variables {
            let edge = |edge| match edge {
                Edge::FromStart(count) => format!("{count}"),
                Edge::FromEnd(count) => format!("-{count}"),
            };
            let multi = if span.is_multi_segment { " multi" } else { "" };
            shown = format!("{shown} | {} {}..{}{multi}", field_path.join("."), edge(span.start), edge(span.end));
        }
        shown
    }

    #[track_caller]
    fn check(cases: &[(&str, &str)]) {
        for (text, expected) in cases {
            assert_eq!(show(text), *expected, "{text}");
        }
    }

    /// HttpTemplate: ParseTest1 to ParseTest16, RootPATH.
    #[test]
    fn templates_are_segments_and_variables() {
        check(&[
            ("/", ""),
            ("/shelves/{shelf}/books/{book}", "shelves * books * | shelf 1..2 | book 3..4"),
            ("/shelves/**", "shelves **"),
            ("/**", "**"),
            ("/*", "*"),
            ("/a:foo", "a :foo"),
            ("/a/b/c:foo", "a b c :foo"),
            ("/*/**", "* **"),
            ("/*/a/**", "* a **"),
            ("/a/{a.b.c}", "a * | a.b.c 1..2"),
            ("/a/{a.b.c=*}", "a * | a.b.c 1..2"),
            ("/a/{b=*}", "a * | b 1..2"),
            ("/a/{b=**}", "a ** | b 1..-0 multi"),
            ("/a/{b=c/*}", "a c * | b 1..3 multi"),
            ("/a/{b=c/*/d}", "a c * d | b 1..4 multi"),
            ("/a/{b=c/**}", "a c ** | b 1..-0 multi"),
            ("/a/{b=c/**}/d/e", "a c ** d e | b 1..-2 multi"),
            ("/a/{b=c/**/d}/e", "a c ** d e | b 1..-1 multi"),
            ("/a/{b=c/**/d}/e:verb", "a c ** d e :verb | b 1..-1 multi"),
        ]);
    }

    /// HttpTemplate: CustomVerbTests, MoreVariableTests, VariableAndCustomVerbTests, ParseVerbTest2 to ParseVerbTest4.
    #[test]
    fn variables_and_verbs_go_together() {
        check(&[
            ("/*:verb", "* :verb"),
            ("/**:verb", "** :verb"),
            ("/{a}:verb", "* :verb | a 0..1"),
            ("/a/b/*:verb", "a b * :verb"),
            ("/a/b/**:verb", "a b ** :verb"),
            ("/a/b/{a}:verb", "a b * :verb | a 2..3"),
            ("/{x}", "* | x 0..1"),
            ("/{x.y.z}", "* | x.y.z 0..1"),
            ("/{x=*}", "* | x 0..1"),
            ("/{x=a/*}", "a * | x 0..2 multi"),
            ("/{x.y.z=*/a/b}/c", "* a b c | x.y.z 0..3 multi"),
            ("/{x=**}", "** | x 0..-0 multi"),
            ("/{x.y.z=**}", "** | x.y.z 0..-0 multi"),
            ("/{x.y.z=a/**/b}", "a ** b | x.y.z 0..-0 multi"),
            ("/{x.y.z=a/**/b}/c/d", "a ** b c d | x.y.z 0..-2 multi"),
            ("/{x}:verb", "* :verb | x 0..1"),
            ("/{x.y.z}:verb", "* :verb | x.y.z 0..1"),
            ("/{x.y.z=*/*}:verb", "* * :verb | x.y.z 0..2 multi"),
            ("/{x=**}:myverb", "** :myverb | x 0..-0 multi"),
            ("/{x.y.z=**}:myverb", "** :myverb | x.y.z 0..-0 multi"),
            ("/{x.y.z=a/**/b}:custom", "a ** b :custom | x.y.z 0..-0 multi"),
            ("/{x.y.z=a/**/b}/c/d:custom", "a ** b c d :custom | x.y.z 0..-2 multi"),
            ("/a/*:verb", "a * :verb"),
            ("/a/**:verb", "a ** :verb"),
            ("/a/{b=*}/**:verb", "a * ** :verb | b 1..2"),
        ]);
    }

    #[test]
    fn a_variable_after_the_wildcard_is_counted_from_the_end() {
        check(&[
            ("/**/{x=b}", "** b | x -1..-0"),
            ("/{y=a/**}/{x=b/c}/d", "a ** b c d | y 0..-3 multi | x -3..-1 multi"),
        ]);
    }

    #[test]
    fn a_literal_may_have_any_character_that_has_no_meaning() {
        check(&[("/a*b/$é%2F=.", "a*b $é%2F=.")]);
    }

    /// HttpTemplate: ErrorTests, ParseNonVerbTest; PathMatcher: InvalidTemplates.
    #[test]
    fn what_is_no_template_is_refused_with_its_column() {
        check(&[
            ("", "column 1: expected `/`, but found the end"),
            ("//", "column 2: expected a segment, but found `/`"),
            ("/{}", "column 3: expected the name of a field, but found `}`"),
            ("/a/", "column 4: expected a segment, but found the end"),
            ("/a//b", "column 4: expected a segment, but found `/`"),
            (":verb", "column 1: expected `/`, but found `:`"),
            ("/:verb", "column 2: expected a segment, but found `:`"),
            ("/a/:verb", "column 4: expected a segment, but found `:`"),
            (":", "column 1: expected `/`, but found `:`"),
            ("/:", "column 2: expected a segment, but found `:`"),
            ("/*:", "column 4: expected a verb, but found the end"),
            ("/**:", "column 5: expected a verb, but found the end"),
            ("/{var}:", "column 8: expected a verb, but found the end"),
            ("/a/:", "column 4: expected a segment, but found `:`"),
            ("/a/*:", "column 6: expected a verb, but found the end"),
            ("/a/**:", "column 7: expected a verb, but found the end"),
            ("/a/b/{var}:", "column 12: expected a verb, but found the end"),
            ("/a/{b=*}/**:", "column 13: expected a verb, but found the end"),
            ("/a:b/c", "column 5: expected the end, but found `/`"),
            ("/a/{", "column 5: expected the name of a field, but found the end"),
            ("/a/{var", "column 8: expected `=`, `.` or `}`, but found the end"),
            ("/a/{var.", "column 9: expected the name of a field, but found the end"),
            ("/a/{var..x}", "column 9: expected the name of a field, but found `.`"),
            ("/a/{x=var:verb}", "column 10: expected `/` or `}`, but found `:`"),
            ("a", "column 1: expected `/`, but found `a`"),
            ("{x}", "column 1: expected `/`, but found `{`"),
            ("{x=/a/b}", "column 1: expected `/`, but found `{`"),
            ("a/{x}/b:verb", "column 1: expected `/`, but found `a`"),
            ("/a/{var=/b}", "column 9: expected a segment that is no variable, but found `/`"),
            ("/{var=a/{nested=b}}", "column 9: expected a segment that is no variable, but found `{`"),
            ("/a{x}", "column 3: expected `/`, `:` or the end, but found `{`"),
            ("/{x}a", "column 5: expected `/`, `:` or the end, but found `a`"),
            ("/a{x}b", "column 3: expected `/`, `:` or the end, but found `{`"),
            ("/{x}a{y}", "column 5: expected `/`, `:` or the end, but found `a`"),
            ("/a/b{x}/s", "column 5: expected `/`, `:` or the end, but found `{`"),
            ("/a/{x}b/s", "column 7: expected `/`, `:` or the end, but found `b`"),
            ("/a/{x}b{y}/s", "column 7: expected `/`, `:` or the end, but found `b`"),
            ("/a}", "column 3: expected `/`, `:` or the end, but found `}`"),
            ("/*a", "column 3: expected `/`, `:` or the end, but found `a`"),
            ("/é/{x=ü/{y}}", "column 9: expected a segment that is no variable, but found `{`"),
            ("/a{x=b/**}/{y=*}", "column 3: expected `/`, `:` or the end, but found `{`"),
            ("/{x=b/**}/bb/{y=*}", "column 17: expected nothing but literals after `**`, but found `*`"),
            (
                "/{x=b/**}/{y}",
                "column 13: expected `=` with nothing but literals, as this stands after `**`, but found `}`",
            ),
            ("/a/**/*", "column 7: expected nothing but literals after `**`, but found `*`"),
            ("/a/**/foo/*", "column 11: expected nothing but literals after `**`, but found `*`"),
            ("/a/**/**", "column 7: expected nothing but literals after `**`, but found `*`"),
            ("/a/**/foo/**", "column 11: expected nothing but literals after `**`, but found `*`"),
        ]);
    }
}
