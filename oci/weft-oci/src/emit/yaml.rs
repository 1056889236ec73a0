//! YAML that is written for people: fields in the order in which they are given, each with the reason why it is so.
//!
//! What could be read as anything but a text is quoted as JSON, which YAML 1.2 is a superset of.

use serde_json::Value;

/// A value with its comments.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A text.
    Text(String),
    /// Anything of JSON: numbers, booleans, configurations.
    Json(Value),
    /// Items.
    List(Vec<Node>),
    /// Fields.
    Map(Map),
}

/// Fields in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map(Vec<Field>);

#[derive(Clone, Debug, PartialEq)]
struct Field {
    name: String,
    value: Node,
    comment: String,
}

impl Map {
    /// No fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Node>) -> Self {
        self.0.push(Field { name: name.to_owned(), value: value.into(), comment: String::new() });
        self
    }

    /// Adds a field and says why it is so.
    #[must_use]
    pub fn because(mut self, name: &str, value: impl Into<Node>, comment: &str) -> Self {
        self.0.push(Field { name: name.to_owned(), value: value.into(), comment: comment.to_owned() });
        self
    }

    /// Adds a field if there is a value.
    #[must_use]
    pub fn maybe(self, name: &str, value: Option<impl Into<Node>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// Adds the fields of another.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The whole document.
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    fn write(&self, indent: usize, out: &mut String) {
        let margin = " ".repeat(indent);
        for Field { name, value, comment } in &self.0 {
            for line in wrapped(comment, 100_usize.saturating_sub(indent)) {
                out.push_str(&format!("{margin}# {line}\n"));
            }
            out.push_str(&format!("{margin}{}:", scalar(name)));
            value.write(indent + 2, out);
        }
    }
}

impl Node {
    /// Writes a value after a field's colon or an item's dash.
    fn write(&self, indent: usize, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(&format!(" {}\n", scalar(text))),
            Self::Map(map) if map.0.is_empty() => out.push_str(" {}\n"),
            Self::Map(map) => {
                out.push('\n');
                map.write(indent, out);
            }
            Self::List(items) if items.is_empty() => out.push_str(" []\n"),
            Self::List(items) => {
                out.push('\n');
                items.iter().for_each(|item| item.write_item(indent, out));
            }
            Self::Json(Value::Object(members)) if !members.is_empty() => {
                let fields = members.iter().map(|(name, value)| Field {
                    name: name.clone(),
                    value: value.clone().into(),
                    comment: String::new(),
                });
                Self::Map(Map(fields.collect())).write(indent, out);
            }
            Self::Json(Value::Array(items)) if !items.is_empty() => {
                Self::List(items.iter().cloned().map(Self::from).collect()).write(indent, out);
            }
            Self::Json(Value::String(text)) => out.push_str(&format!(" {}\n", scalar(text))),
            Self::Json(value) => out.push_str(&format!(" {value}\n")),
        }
    }

    /// Writes an item: its first line after the dash, the rest below it.
    fn write_item(&self, indent: usize, out: &mut String) {
        let mut block = String::new();
        self.write(indent + 2, &mut block);
        let margin = " ".repeat(indent);
        match block.strip_prefix('\n') {
            // A field begins right after the dash; a comment has to stand on a line of its own.
            Some(rest) if !rest.trim_start().starts_with('#') => {
                out.push_str(&format!("{margin}- {}", rest.trim_start()))
            }
            Some(rest) => out.push_str(&format!("{margin}-\n{rest}")),
            None => out.push_str(&format!("{margin}-{block}")),
        }
    }
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Json(number.into())
    }
}

impl From<bool> for Node {
    fn from(boolean: bool) -> Self {
        Self::Json(boolean.into())
    }
}

impl From<Value> for Node {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl From<Map> for Node {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

impl From<Vec<Self>> for Node {
    fn from(items: Vec<Self>) -> Self {
        Self::List(items)
    }
}

/// A text as it is where nothing else could be read, else in quotes.
fn scalar(text: &str) -> String {
    let first_is_letter = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/');
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./@".contains(&byte))
        || text.contains("://") && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:@".contains(&byte));
    // What YAML 1.1, which Kubernetes reads, takes for a boolean or for nothing.
    let is_word =
        ["true", "false", "yes", "no", "on", "off", "y", "n", "null"].contains(&text.to_ascii_lowercase().as_str());
    match first_is_letter && is_plain && !is_word && !text.ends_with(':') {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

/// The words of a text in lines of at most so many characters.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split(' ') {
            if !line.is_empty() && line.len() + 1 + word.len() > width {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_keep_their_order_and_reasons() {
        let map = Map::new()
            .with("kind", "WasmPlugin")
            .because("priority", -10, "After the others.")
            .with("items", vec![Node::from(Map::new().with("a", "1").with("b", true)), "plain".into()])
            .with("commented", vec![Node::from(Map::new().because("a", "x", "Why."))])
            .with("config", json!({"a": {"b": [1, {"c": null}]}, "empty": {}, "list": []}));
        insta::assert_snapshot!(map.render(), @r#"
        kind: WasmPlugin
        # After the others.
        priority: -10
        items:
          - a: "1"
            b: true
          - plain
        commented:
          -
            # Why.
            a: x
        config:
          a:
            b:
              - 1
              - c: null
          empty: {}
          list: []
        "#);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let texts = [
            "",
            "yes",
            "No",
            "1.0",
            "0x1",
            "a: b",
            "- a",
            "#a",
            "a #b",
            "oci://r.test/x:1@sha256:00",
            "ä",
            "\"",
            "a\nb",
            "null",
            "~",
            "{}",
            "*a",
            "a:",
        ];
        let document = json!({ "texts": texts, "nested": [[1, 2], {"a": [{"b": "c"}]}], "on": "off", "1": 1.5 });
        let written = Map::new().with("document", document.clone()).render();
        let read: Value = serde_yaml_ng::from_str(&written).expect("YAML");
        assert_eq!(read, json!({ "document": document }), "{written}");
    }
}
