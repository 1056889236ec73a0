//! Conditions: whether a request is one that a rule is for.
//!
//! A condition is a tree of questions about [subjects](crate::subject), the client's address, the time and the
//! request's bucket. What only depends on the proxy, its pod's labels and namespace, is answered at configuration and
//! folded away. Answering costs what the condition is long, never more; its depth is bounded by `strict-config`.

mod bounds;
mod matcher;
mod networks;
mod number;
mod reading;
#[cfg(test)]
mod tests;
mod version;

use crate::schedule::{Ramp, Window};
use crate::split::Sampler;
use crate::subject::{Request, SubjectId};
use matcher::Matcher;
use networks::Networks;

/// What is asked of a request.
#[derive(Debug)]
pub(crate) struct Condition(Question);

#[derive(Debug)]
enum Question {
    /// Answered already.
    Settled(bool),
    /// Whether a subject matches.
    Subject(SubjectId, Matcher),
    /// Whether the client is in one of these networks.
    Source(Networks),
    /// Whether the request's bucket is below this many basis points.
    Percent(Sampler, u32),
    /// Whether the request's bucket is below what a ramp has reached.
    Ramp(Sampler, Ramp),
    /// Whether it is the time.
    During(Window),
    All(Vec<Question>),
    Any(Vec<Question>),
    Not(Box<Question>),
}

/// A subject that must have one of these texts, sorted, for a condition to hold.
pub(crate) type Requirement<'c> = (SubjectId, &'c [Box<[u8]>]);

impl Condition {
    /// Whether a request meets it.
    pub(crate) fn holds(&self, request: &mut Request<'_>) -> bool {
        self.0.answer(request)
    }

    /// Whether no request can ever meet it in this proxy.
    pub(crate) fn never_holds(&self) -> bool {
        matches!(self.0, Question::Settled(false))
    }

    /// What every request that meets it has, as far as an index can use it.
    pub(crate) fn requirements(&self) -> Vec<Requirement<'_>> {
        let mut found = Vec::new();
        self.0.extend_requirements(&mut found);
        found
    }
}

impl Question {
    fn answer(&self, request: &mut Request<'_>) -> bool {
        match self {
            Self::Settled(answer) => *answer,
            Self::Subject(subject, matcher) => matcher.holds(request.values(*subject)),
            Self::Source(networks) => request.source().is_some_and(|address| networks.contain(address)),
            Self::Percent(sampler, share) => is_below(sampler, *share, request),
            Self::Ramp(sampler, ramp) => {
                request.unix_millis().is_some_and(|now| is_below(sampler, ramp.basis_points(now), request))
            }
            Self::During(window) => request.unix_millis().is_some_and(|now| window.contains(now)),
            Self::All(questions) => questions.iter().all(|question| question.answer(request)),
            Self::Any(questions) => questions.iter().any(|question| question.answer(request)),
            Self::Not(question) => !question.answer(request),
        }
    }

    fn extend_requirements<'c>(&'c self, found: &mut Vec<Requirement<'c>>) {
        match self {
            Self::Subject(subject, Matcher::Among(texts)) => found.push((*subject, texts)),
            Self::All(questions) => questions.iter().for_each(|question| question.extend_requirements(found)),
            _ => {}
        }
    }

    /// All of these, without what is settled.
    fn all(questions: Vec<Self>) -> Self {
        Self::joined(questions, true)
    }

    /// Any of these, without what is settled.
    fn any(questions: Vec<Self>) -> Self {
        Self::joined(questions, false)
    }

    /// `neutral` is the answer that changes nothing; the other one settles the whole.
    fn joined(mut questions: Vec<Self>, neutral: bool) -> Self {
        if questions.iter().any(|question| matches!(question, Self::Settled(answer) if *answer != neutral)) {
            return Self::Settled(!neutral);
        }
        questions.retain(|question| !matches!(question, Self::Settled(_)));
        match questions.pop() {
            None => Self::Settled(neutral),
            Some(only) if questions.is_empty() => only,
            Some(last) => {
                questions.push(last);
                if neutral { Self::All(questions) } else { Self::Any(questions) }
            }
        }
    }

    fn negated(self) -> Self {
        if let Self::Settled(answer) = self { Self::Settled(!answer) } else { Self::Not(Box::new(self)) }
    }
}

/// Whether a request's bucket is among the first ones; a request that has none is in no share at all.
fn is_below(sampler: &Sampler, share: u32, request: &mut Request<'_>) -> bool {
    sampler.basis_points(request).is_some_and(|bucket| bucket < share)
}
