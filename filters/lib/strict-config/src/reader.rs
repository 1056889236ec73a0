//! Reading what a [`Value`] means, where every problem is noted with its place and reading goes on.

use crate::json;
use crate::problem::{Problem, Problems};
use crate::spelling;
use crate::value::{Member, Position, Value, extend_path_by_name};
use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Reads one JSON text and nothing after it; fails with what is not JSON.
pub fn read(json: &[u8]) -> Result<Reader, Problems> {
    let mut problems = Problems::default();
    match json::parse(json) {
        Ok((root, repeated)) => {
            let reader = Reader::below("", root);
            for position in repeated {
                reader.note(position, "expected each name once, but found this one again".to_owned());
            }
            Ok(reader)
        }
        Err(problem) => {
            problems.add(*problem);
            Err(problems)
        }
    }
}

/// A tree of values and what was found wrong with it so far.
///
/// What is asked of it answers `None` where something is wrong, and keeps the problem: reading goes on, so that all problems
/// are found at once. A value that is `null` is as good as absent.
#[derive(Debug)]
pub struct Reader {
    root: Value,
    path: String,
    problems: RefCell<Problems>,
    warnings: RefCell<Problems>,
}

impl Reader {
    /// A reader of a part of a configuration that another reader passed over; `path` is where it stands in the whole.
    pub fn below(path: &str, root: Value) -> Self {
        Self { root, path: path.to_owned(), problems: RefCell::default(), warnings: RefCell::default() }
    }

    /// The whole value.
    pub fn root(&self) -> &Value {
        &self.root
    }

    /// Notes a problem at a value.
    pub fn problem(&self, value: &Value, message: impl Into<String>) {
        self.note(value.position(), message.into());
    }

    /// Notes that a value is not what was expected.
    pub fn expected(&self, what: impl Display, value: &Value) {
        self.note(value.position(), format!("expected {what}, but found {value}"));
    }

    /// Notes what is legal at a value, and yet perhaps not what is wanted.
    pub fn warning(&self, value: &Value, message: impl Into<String>) {
        self.add(&self.warnings, value.position(), message.into());
    }

    /// The members of a value, to be read by name; a problem if it is no object.
    pub fn object<'r>(&'r self, value: &'r Value) -> Option<Object<'r>> {
        let members = self.members(value)?;
        Some(Object { reader: self, value, members, known: Vec::new(), is_proto_json: false })
    }

    /// The members of a value whose names are not known beforehand; a problem if it is no object.
    pub fn members<'r>(&self, value: &'r Value) -> Option<&'r [Member]> {
        self.or_expected(value.as_object(), "an object", value)
    }

    /// The elements of a value; a problem if it is no array.
    pub fn array<'r>(&self, value: &'r Value) -> Option<&'r [Value]> {
        self.or_expected(value.as_array(), "an array", value)
    }

    /// The string that a value is; a problem if it is none.
    pub fn string<'r>(&self, value: &'r Value) -> Option<&'r str> {
        self.or_expected(value.as_str(), "a string", value)
    }

    /// The boolean that a value is; a problem if it is none.
    pub fn boolean(&self, value: &Value) -> Option<bool> {
        self.or_expected(value.as_bool(), "true or false", value)
    }

    /// The whole number that a value is; a problem if it is none or out of range.
    pub fn integer(&self, value: &Value, range: RangeInclusive<u32>) -> Option<u32> {
        let found = value.as_u64().and_then(|found| u32::try_from(found).ok()).filter(|found| range.contains(found));
        if found.is_none() {
            self.expected(format_args!("{} to {}", range.start(), range.end()), value);
        }
        found
    }

    /// What the string that a value is stands for; a problem if it is none of the choices.
    pub fn one_of<T: Copy>(&self, value: &Value, choices: &[(&'static str, T)]) -> Option<T> {
        let chosen = self.choice(value, &|index| choices.get(index).map(|(name, _)| *name));
        chosen.and_then(|index| choices.get(index)).map(|(_, meaning)| *meaning)
    }

    /// The index of the name that a value is. What the names stand for has no part in it, so it is compiled once.
    #[inline(never)]
    fn choice(&self, value: &Value, name: &dyn Fn(usize) -> Option<&'static str>) -> Option<usize> {
        let mut names = Vec::new();
        while let Some(name) = name(names.len()) {
            names.push(name);
        }
        let found = value.as_str().and_then(|text| names.iter().position(|name| *name == text));
        if found.is_none() {
            self.expected(spelling::alternatives(&names), value);
        }
        found
    }

    /// The time that a value is, a whole number and `ms`, `s`, `m` or `h`; a problem if it is none or out of range.
    pub fn duration(&self, value: &Value, range: RangeInclusive<Duration>) -> Option<Duration> {
        let found = value.as_str().and_then(spelling::duration).filter(|found| range.contains(found));
        if found.is_none() {
            let (least, most) = (spelling::Time(*range.start()), spelling::Time(*range.end()));
            self.expected(format_args!("a time from {least} to {most}, such as 60s or 5m"), value);
        }
        found
    }

    /// What has been warned of, in the order in which it was read; none of it is warned of again.
    pub fn take_warnings(&self) -> Problems {
        self.warnings.take()
    }

    /// What has been found wrong, in the order in which it was read.
    pub fn into_problems(self) -> Problems {
        self.problems.into_inner()
    }

    fn or_expected<T>(&self, found: Option<T>, what: &str, value: &Value) -> Option<T> {
        if found.is_none() {
            self.expected(what, value);
        }
        found
    }

    fn note(&self, position: Position, message: String) {
        self.add(&self.problems, position, message);
    }

    fn add(&self, problems: &RefCell<Problems>, position: Position, message: String) {
        let path = self.path_to(position);
        problems.borrow_mut().add(Problem { path, message, position: Some(position) });
    }

    fn path_to(&self, position: Position) -> String {
        let mut path = self.path.clone();
        self.root.extend_path(&mut path, position);
        path
    }
}

/// An object whose members are read by name.
///
/// What was never asked for is a problem once it is [finished](Self::finish).
#[derive(Debug)]
#[must_use = "unknown names are found by `finish`"]
pub struct Object<'r> {
    reader: &'r Reader,
    value: &'r Value,
    members: &'r [Member],
    known: Vec<&'static str>,
    is_proto_json: bool,
}

impl<'r> Object<'r> {
    /// Takes names in lowerCamelCase, too, as ProtoJSON does: `protoDescriptorBin` for `proto_descriptor_bin`.
    pub fn as_proto_json(mut self) -> Self {
        self.is_proto_json = true;
        self
    }

    /// The object itself, for problems of the whole.
    pub fn value(&self) -> &'r Value {
        self.value
    }

    /// The value under a name, if it is there and not `null`.
    pub fn get(&mut self, name: &'static str) -> Option<&'r Value> {
        let is_asked_first = !self.known.contains(&name);
        if is_asked_first {
            self.known.push(name);
        }
        let mut found: Option<&'r Member> = None;
        for member in self.members.iter().filter(|member| self.names(member, name)) {
            match found {
                None => found = Some(member),
                // The same spelling was found when the text was read.
                Some(first) if is_asked_first && first.name != member.name => {
                    self.reader.expected(format_args!("{} alone", first.name), &member.value);
                }
                Some(_) => {}
            }
        }
        found.map(|member| &member.value).filter(|value| !value.is_null())
    }

    /// The value under a name; a problem if it is not there.
    pub fn required(&mut self, name: &'static str) -> Option<&'r Value> {
        let found = self.get(name);
        if found.is_none() {
            self.missing(name, "expected a value, but found none");
        }
        found
    }

    /// The string under a name.
    pub fn string(&mut self, name: &'static str) -> Option<&'r str> {
        let value = self.get(name)?;
        self.reader.string(value)
    }

    /// The boolean under a name.
    pub fn boolean(&mut self, name: &'static str) -> Option<bool> {
        let value = self.get(name)?;
        self.reader.boolean(value)
    }

    /// The whole number under a name.
    pub fn integer(&mut self, name: &'static str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.get(name)?;
        self.reader.integer(value, range)
    }

    /// The elements of the array under a name; none if it is not there.
    pub fn array(&mut self, name: &'static str) -> &'r [Value] {
        self.get(name).and_then(|value| self.reader.array(value)).unwrap_or_default()
    }

    /// The object under a name.
    pub fn object(&mut self, name: &'static str) -> Option<Object<'r>> {
        let value = self.get(name)?;
        let object = self.reader.object(value)?;
        Some(Object { is_proto_json: self.is_proto_json, ..object })
    }

    /// What the string under a name stands for.
    pub fn one_of<T: Copy>(&mut self, name: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        let value = self.get(name)?;
        self.reader.one_of(value, choices)
    }

    /// The time under a name: a whole number and `ms`, `s`, `m` or `h`.
    pub fn duration(&mut self, name: &'static str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let value = self.get(name)?;
        self.reader.duration(value, range)
    }

    /// The one of these names that is there, and its value. If there is none or several, the message says so; it is best
    /// noted once the object is [finished](Self::finish), which may name the reason.
    pub fn only(&mut self, names: &[&'static str]) -> Result<(&'static str, &'r Value), String> {
        let mut given = Vec::new();
        let mut only = None;
        for name in names {
            if let Some(value) = self.get(name) {
                given.push(*name);
                only = Some((*name, value));
            }
        }
        only.filter(|_| given.len() == 1).ok_or_else(|| {
            let found = if given.is_empty() { "none".to_owned() } else { spelling::all(&given) };
            format!("expected one of {}, but found {found}", spelling::all(names))
        })
    }

    /// Notes a problem with a name that is not there.
    pub fn missing(&self, name: &str, message: impl Into<String>) {
        let position = self.value.position();
        let mut path = self.reader.path_to(position);
        extend_path_by_name(&mut path, name);
        let problem = Problem { path, message: message.into(), position: Some(position) };
        self.reader.problems.borrow_mut().add(problem);
    }

    /// Notes every member that was not asked for, with the name that was perhaps meant.
    pub fn finish(self) {
        for member in self.members {
            if self.known.iter().any(|name| self.names(member, name)) {
                continue;
            }
            let meant = match spelling::nearest(&member.name, &self.known) {
                Some(name) => name.to_owned(),
                None => spelling::alternatives(&self.known),
            };
            let found = crate::Quoted(&member.name);
            self.reader.note(member.position, format!("expected {meant}, but found {found}"));
        }
    }

    fn names(&self, member: &Member, name: &str) -> bool {
        member.name == name || (self.is_proto_json && spelling::is_camel_case_of(&member.name, name))
    }
}
