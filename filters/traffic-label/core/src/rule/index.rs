//! Which rules a request can meet: those whose condition requires a value that the request has, and those that require
//! none.
//!
//! A rule is found by one of the values that it requires, the one that it shares with the fewest others. A subject is
//! looked at when it is the turn of the first rule that is found by it, not before, because some subjects cost a call
//! to the proxy.

use crate::condition::{Condition, Requirement};
use crate::subject::{Request, SubjectId};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// The rules by what they require.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the first of the rules in each.
    groups: Vec<Group>,
    /// The rules that are found by no value, in order.
    others: Vec<u32>,
}

/// The rules that are found by the values of one subject.
#[derive(Debug)]
struct Group {
    subject: SubjectId,
    first: u32,
    /// Sorted.
    entries: Vec<(Box<[u8]>, u32)>,
}

/// A value of a subject, and a rule that requires it or one of its alternatives.
type Entry<'c> = (SubjectId, &'c [u8], u32);

impl Index {
    /// An index of rules by their conditions; one without is for every request, and one that never holds is for none.
    pub(super) fn new<'c>(conditions: impl Iterator<Item = Option<&'c Condition>>) -> Self {
        let (mut required, mut all, mut others) = (Vec::new(), Vec::new(), Vec::new());
        for (rule, condition) in (0..).zip(conditions).filter(|(_, it)| !it.is_some_and(Condition::never_holds)) {
            let requirements = condition.map(Condition::requirements).unwrap_or_default();
            if requirements.is_empty() {
                others.push(rule);
            }
            for requirement in requirements {
                extend(&mut all, rule, requirement);
                required.push((rule, requirement));
            }
        }
        order::sort(&mut all, Ord::cmp);
        let rivals = |(subject, texts): Requirement<'c>| -> usize {
            texts.iter().map(|text| range(&all, |entry| (entry.0, entry.1).cmp(&(subject, &**text))).len()).sum()
        };
        let mut chosen = Vec::new();
        for of_rule in required.chunk_by(|one, other| one.0 == other.0) {
            if let Some((rule, requirement)) = of_rule.iter().min_by_key(|(_, requirement)| rivals(*requirement)) {
                extend(&mut chosen, *rule, *requirement);
            }
        }
        order::sort(&mut chosen, Ord::cmp);
        Self { groups: grouped(&chosen), others }
    }

    /// The rules that a request can meet, in order, each once.
    pub(super) fn candidates(&self) -> Candidates<'_> {
        Candidates { groups: &self.groups, others: &self.others, found: BinaryHeap::new(), last: None }
    }
}

fn extend<'c>(entries: &mut Vec<Entry<'c>>, rule: u32, (subject, texts): Requirement<'c>) {
    for text in texts {
        entries.push((subject, text, rule));
    }
}

fn grouped(sorted: &[Entry<'_>]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for of_one_subject in sorted.chunk_by(|one, other| one.0 == other.0) {
        let Some((subject, ..)) = of_one_subject.first() else { continue };
        let first = of_one_subject.iter().map(|(.., rule)| *rule).min().unwrap_or_default();
        let mut entries = Vec::with_capacity(of_one_subject.len());
        for (_, text, rule) in of_one_subject {
            entries.push((Box::from(*text), *rule));
        }
        let place = groups.partition_point(|group| group.first < first);
        groups.insert(place, Group { subject: *subject, first, entries });
    }
    groups
}

/// Those of sorted elements that compare as equal.
fn range<T>(sorted: &[T], compare: impl Fn(&T) -> std::cmp::Ordering) -> &[T] {
    let begin = sorted.partition_point(|element| compare(element).is_lt());
    let rest = sorted.get(begin..).unwrap_or_default();
    rest.get(..rest.partition_point(|element| compare(element).is_eq())).unwrap_or_default()
}

/// A walk through the rules that a request can meet.
pub(super) struct Candidates<'i> {
    /// Those that have not been looked at.
    groups: &'i [Group],
    others: &'i [u32],
    found: BinaryHeap<Reverse<u32>>,
    last: Option<u32>,
}

impl Candidates<'_> {
    /// The number of the next rule.
    pub(super) fn next(&mut self, request: &mut Request<'_>) -> Option<usize> {
        loop {
            let found = self.found.peek().map(|Reverse(rule)| *rule);
            let next = found.into_iter().chain(self.others.first().copied()).min();
            if let Some((group, rest)) = self.groups.split_first()
                && next.is_none_or(|next| group.first <= next)
            {
                self.groups = rest;
                self.look_at(group, request);
                continue;
            }
            let next = next?;
            if found == Some(next) {
                self.found.pop();
            } else {
                self.others = self.others.get(1..).unwrap_or_default();
            }
            // By another value of the request it may have been found before.
            if self.last.replace(next) != Some(next) {
                return usize::try_from(next).ok();
            }
        }
    }

    fn look_at(&mut self, group: &Group, request: &mut Request<'_>) {
        for value in request.values(group.subject) {
            let rules = range(&group.entries, |(text, _)| (**text).cmp(value));
            for (_, rule) in rules {
                self.found.push(Reverse(*rule));
            }
        }
    }
}
