//! The rules of a label: what the first of them that is for a request says, a value or a split.

use crate::explain::Draw;
use crate::rule::Rules;
use crate::split::{Choice, Layers, NewCookies, Split};
use crate::subject::{Request, Subjects};
use crate::surroundings::Node;
use strict_config::{Object, Reader, Value};

/// The rules of one label.
#[derive(Debug)]
pub(crate) struct LabelRules {
    rules: Rules,
    /// By the number of their rule.
    actions: Vec<Action>,
    /// The names of the rules, or their numbers.
    names: Vec<String>,
}

#[derive(Debug)]
enum Action {
    Value(Vec<u8>),
    Split(Box<Split>),
    /// Something is wrong with it.
    Unsound,
}

/// What a rule says about a request.
#[derive(Debug)]
pub(crate) struct Verdict<'r> {
    pub(crate) value: &'r [u8],
    /// The rule's name, or its number.
    pub(crate) rule: &'r str,
    /// The choice of the rule's split.
    choice: Option<Choice<'r>>,
}

impl Verdict<'_> {
    /// What the rule's split went by, as an explanation has it.
    pub(crate) fn draw(&self) -> Option<Draw> {
        self.choice.map(|choice| Draw { unit: choice.unit.to_owned(), id: choice.id, bucket: choice.bucket })
    }
}

impl LabelRules {
    /// Reads the rules of a label; `None` where something is wrong.
    pub(crate) fn read(
        reader: &Reader,
        value: &Value,
        subjects: &mut Subjects,
        layers: &mut Layers,
        node: &mut dyn Node,
    ) -> Option<Self> {
        let values = reader.array(value)?;
        let mut actions = Vec::with_capacity(values.len());
        let mut read_action = |object: &mut Object<'_>, subjects: &mut Subjects| {
            let action = read_action(reader, object, subjects, layers);
            let always_applies = matches!(action, Some(Action::Value(_)));
            actions.push(action.unwrap_or(Action::Unsound));
            always_applies
        };
        let rules = Rules::read(reader, values, subjects, node, &mut read_action)?;
        let mut names = Vec::with_capacity(actions.len());
        for number in 0..actions.len() {
            names.push(rules.name(number).map_or_else(|| format!("{number}"), str::to_owned));
        }
        Some(Self { rules, actions, names })
    }

    /// Adds the values that they may give.
    pub(crate) fn extend_values<'v>(&'v self, values: &mut Vec<&'v [u8]>) {
        for action in &self.actions {
            match action {
                Action::Value(value) => values.push(value.as_slice()),
                Action::Split(split) => values.extend(split.values()),
                Action::Unsound => {}
            }
        }
    }

    /// What the first rule that is for the request, and applies to it, says.
    pub(crate) fn decide(&self, request: &mut Request<'_>, new_cookies: &mut NewCookies) -> Option<Verdict<'_>> {
        let mut choice = None;
        let number = self.rules.first(request, &mut |number, request| match self.actions.get(number) {
            Some(Action::Value(_)) => true,
            Some(Action::Split(split)) => {
                choice = split.choose(request, new_cookies);
                choice.is_some()
            }
            Some(Action::Unsound) | None => false,
        })?;
        let rule = self.names.get(number)?;
        match self.actions.get(number)? {
            Action::Value(value) => Some(Verdict { value, rule, choice: None }),
            Action::Split(_) => choice.map(|choice| Verdict { value: choice.value, rule, choice: Some(choice) }),
            Action::Unsound => None,
        }
    }
}

/// Reads `value` or `split` of a rule.
fn read_action(
    reader: &Reader,
    object: &mut Object<'_>,
    subjects: &mut Subjects,
    layers: &mut Layers,
) -> Option<Action> {
    match (object.get("value"), object.get("split")) {
        (Some(value), None) => header_field::read_value(reader, value).map(Action::Value),
        (None, Some(split)) => Split::read(reader, split, subjects, layers).map(|split| Action::Split(Box::new(split))),
        (Some(_), Some(split)) => {
            reader.problem(split, "expected value or split, but found both");
            None
        }
        (None, None) => {
            object.missing("value", "expected value or split, but found neither");
            None
        }
    }
}
