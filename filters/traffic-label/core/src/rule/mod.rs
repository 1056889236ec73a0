//! Rules: of those that are for a request, the first one decides.
//!
//! What a rule does is not known here, only whether it is for a request. A thousand rules for a thousand users cost no
//! more than ten: an [index](Index) tells which of them a request can meet at all.

mod index;
#[cfg(test)]
mod tests;

use crate::condition::Condition;
use crate::subject::{Request, Subjects};
use crate::surroundings::Node;
use index::Index;
use strict_config::{Object, Reader, Value};

/// Rules in the order in which they were written.
#[derive(Debug, Default)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    index: Index,
}

#[derive(Debug)]
struct Rule {
    name: Option<String>,
    /// Without one it is for every request.
    when: Option<Condition>,
}

impl Rules {
    /// Reads the rules of an array; `None` where something is wrong. `read_action` is called for each of them in order,
    /// reads what it does, and says whether it applies to every request that the rule is for.
    pub(crate) fn read(
        reader: &Reader,
        values: &[Value],
        subjects: &mut Subjects,
        node: &mut dyn Node,
        read_action: &mut dyn FnMut(&mut Object<'_>, &mut Subjects) -> bool,
    ) -> Option<Self> {
        let mut rules: Vec<Rule> = Vec::with_capacity(values.len());
        let (mut is_sound, mut last) = (true, None);
        for (number, value) in values.iter().enumerate() {
            let Some(mut object) = reader.object(value) else {
                is_sound = false;
                continue;
            };
            let name = object.get("name").map(|name| read_name(reader, name, &rules));
            let when = object.get("when");
            let condition = when.map(|when| Condition::read(reader, when, subjects, node));
            let always_applies = read_action(&mut object, subjects);
            object.finish();
            last = last.or((when.is_none() && always_applies).then_some(number));
            is_sound &= !matches!(name, Some(None)) && !matches!(condition, Some(None));
            rules.push(Rule { name: name.flatten(), when: condition.flatten() });
        }
        if let Some(after) = last.and_then(|last| values.get(last + 1)) {
            reader.problem(after, "expected no rule after one that is for every request, but found one");
        }
        is_sound.then(|| Self::new(rules))
    }

    fn new(rules: Vec<Rule>) -> Self {
        let index = Index::new(rules.iter().map(|rule| rule.when.as_ref()));
        Self { rules, index }
    }

    /// The first rule that is for a request and whose action, by the rule's number, applies to it.
    pub(crate) fn first(
        &self,
        request: &mut Request<'_>,
        applies: &mut dyn FnMut(usize, &mut Request<'_>) -> bool,
    ) -> Option<usize> {
        let mut candidates = self.index.candidates();
        while let Some(number) = candidates.next(request) {
            let when = self.rules.get(number).and_then(|rule| rule.when.as_ref());
            if when.is_none_or(|when| when.holds(request)) && applies(number, request) {
                return Some(number);
            }
        }
        None
    }

    /// The name of a rule, if it was given one.
    pub(crate) fn name(&self, number: usize) -> Option<&str> {
        self.rules.get(number)?.name.as_deref()
    }
}

/// A name, which can stand in a header and is that of one rule.
fn read_name(reader: &Reader, value: &Value, before: &[Rule]) -> Option<String> {
    header_field::read_value(reader, value)?;
    let name = value.as_str()?;
    if before.iter().any(|rule| rule.name.as_deref() == Some(name)) {
        reader.expected("a name that no rule before has", value);
        return None;
    }
    Some(name.to_owned())
}
