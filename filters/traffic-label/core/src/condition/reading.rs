//! Reading a condition: an object, all of whose members must hold.

use super::matcher::Matcher;
use super::networks::Networks;
use super::{Condition, Question};
use crate::claim;
use crate::percent;
use crate::schedule::{Ramp, Window};
use crate::split::Sampler;
use crate::subject::{Subject, Subjects};
use crate::surroundings::Node;
use std::borrow::Cow;
use strict_config::{Kind, Member, Quoted, Reader, Value};

/// What a condition is made of, what is cheap to answer first: claims and the time cost a call to the proxy.
const MEMBERS: [&str; 17] = [
    "namespace",
    "workload_label",
    "method",
    "path",
    "host",
    "user_agent",
    "header",
    "query",
    "cookie",
    "percent",
    "source",
    "during",
    "ramp",
    "claim",
    "all",
    "any",
    "not",
];

impl Condition {
    /// Reads a condition; `None` where something is wrong.
    pub(crate) fn read(
        reader: &Reader,
        value: &Value,
        subjects: &mut Subjects,
        node: &mut dyn Node,
    ) -> Option<Condition> {
        Reading { reader, subjects, node }.condition(value).map(Condition)
    }
}

/// What is at hand while a condition is read.
struct Reading<'c> {
    reader: &'c Reader,
    subjects: &'c mut Subjects,
    node: &'c mut dyn Node,
}

impl Reading<'_> {
    fn condition(&mut self, value: &Value) -> Option<Question> {
        let reader = self.reader;
        let mut object = reader.object(value)?;
        let (mut questions, mut count) = (Vec::new(), 0);
        for name in MEMBERS {
            if let Some(value) = object.get(name) {
                questions.extend(self.member(name, value));
                count += 1;
            }
        }
        object.finish();
        if value.as_object().is_some_and(|members| members.iter().all(|member| member.value.is_null())) {
            reader.problem(value, "expected a condition such as header, path or any, but found none");
        }
        (questions.len() == count).then(|| Question::all(questions))
    }

    fn member(&mut self, name: &str, value: &Value) -> Option<Question> {
        match name {
            "namespace" => {
                let namespace = self.node.namespace();
                self.settled(value, namespace)
            }
            "workload_label" => self.named(value, Self::workload_label),
            "method" => self.subject(Subject::Header(b":method".to_vec()), value),
            "path" => self.subject(Subject::Path, value),
            "host" => {
                self.refuse_upper_case(value);
                self.subject(Subject::Host, value)
            }
            "user_agent" => self.subject(Subject::Header(b"user-agent".to_vec()), value),
            "header" => self.named(value, Self::header),
            "query" => self.named(value, |reading, member| {
                reading.subject(Subject::Query(member.name.clone().into_bytes()), &member.value)
            }),
            "cookie" => self.named(value, |reading, member| {
                reading.subject(Subject::Cookie(member.name.clone().into_bytes()), &member.value)
            }),
            "percent" => self.percent(value),
            "source" => Networks::read(self.reader, value).map(Question::Source),
            "during" => Window::read(self.reader, value).map(Question::During),
            "ramp" => self.ramp(value),
            "claim" => self.named(value, |reading, member| {
                let path = claim::read_path(reading.reader, &member.value, &member.name);
                reading.subject(Subject::Claim(path?), &member.value)
            }),
            "all" => self.list(value).map(Question::all),
            "any" => self.list(value).map(Question::any),
            _ => self.condition(value).map(Question::negated),
        }
    }

    fn subject(&mut self, subject: Subject, value: &Value) -> Option<Question> {
        let matcher = Matcher::read(self.reader, value)?;
        Some(Question::Subject(self.subjects.place(subject), matcher))
    }

    /// What is known of the proxy is answered here.
    fn settled(&mut self, value: &Value, known: Option<Vec<u8>>) -> Option<Question> {
        let matcher = Matcher::read(self.reader, value)?;
        let values: Vec<_> = known.into_iter().map(Cow::Owned).collect();
        Some(Question::Settled(matcher.holds(&values)))
    }

    fn workload_label(&mut self, member: &Member) -> Option<Question> {
        let label = self.node.label(&member.name);
        self.settled(&member.value, label)
    }

    fn header(&mut self, member: &Member) -> Option<Question> {
        let mut name = member.name.to_ascii_lowercase();
        let text = name.strip_prefix(':').unwrap_or(&name);
        if !header_field::is_token(text.as_bytes()) {
            let found = Quoted(&member.name);
            self.reader.problem(&member.value, format!("expected the name of a header, but found {found}"));
            return None;
        }
        if name == "host" {
            // Which is what it becomes in a proxy.
            name = ":authority".to_owned();
        }
        self.subject(Subject::Header(name.into_bytes()), &member.value)
    }

    /// A question for each name of an object.
    fn named(&mut self, value: &Value, read: fn(&mut Self, &Member) -> Option<Question>) -> Option<Question> {
        let members = self.reader.members(value)?;
        if members.is_empty() {
            self.reader.problem(value, "expected at least one name, but found none");
        }
        let mut questions = Vec::with_capacity(members.len());
        for member in members {
            questions.extend(read(self, member));
        }
        (questions.len() == members.len()).then(|| Question::all(questions))
    }

    fn list(&mut self, value: &Value) -> Option<Vec<Question>> {
        let conditions = self.reader.array(value)?;
        if conditions.is_empty() {
            self.reader.problem(value, "expected at least one condition, but found none");
        }
        let mut questions = Vec::with_capacity(conditions.len());
        for condition in conditions {
            questions.extend(self.condition(condition));
        }
        (questions.len() == conditions.len()).then_some(questions)
    }

    fn percent(&mut self, value: &Value) -> Option<Question> {
        let reader = self.reader;
        if matches!(value.kind(), Kind::Number(_)) {
            let share = percent::read(reader, value)?;
            return Some(Question::Percent(Sampler::of_request(value), share));
        }
        if value.as_object().is_none() {
            reader.expected("a percentage or an object with of and unit", value);
            return None;
        }
        let mut object = reader.object(value)?;
        let of = object.required("of");
        let share = of.and_then(|of| percent::read(reader, of));
        let sampler = Sampler::read(reader, &mut object, self.subjects);
        object.finish();
        let (sampler, share) = (sampler?, share?);
        if let Some(of) = of {
            sampler.check(reader, of, share);
        }
        Some(Question::Percent(sampler, share))
    }

    fn ramp(&mut self, value: &Value) -> Option<Question> {
        let mut object = self.reader.object(value)?;
        let ramp = Ramp::read(self.reader, &mut object);
        let sampler = Sampler::read(self.reader, &mut object, self.subjects);
        object.finish();
        Some(Question::Ramp(sampler?, ramp?))
    }

    /// Hosts are compared in lower case (RFC 9110 §4.2.3), so that one in upper case would never match.
    fn refuse_upper_case(&self, value: &Value) {
        match value.kind() {
            Kind::String(text) if text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
                self.reader.expected("a host in lower case", value);
            }
            Kind::Array(values) => values.iter().for_each(|value| self.refuse_upper_case(value)),
            Kind::Object(members) => {
                let texts = members.iter().filter(|member| member.name != "regex");
                texts.for_each(|member| self.refuse_upper_case(&member.value));
            }
            _ => {}
        }
    }
}
