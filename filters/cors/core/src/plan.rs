//! A policy as it runs: every field decided, whichever of the configured policies says it.

use crate::fraction::Fraction;
use crate::names::Names;
use crate::origins::Origins;
use std::rc::Rc;

/// What one element of `policies` says. What it does not say, a less specific one may.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    pub(crate) origins: Option<Rc<Origins>>,
    pub(crate) methods: Option<Rc<Names>>,
    pub(crate) headers: Option<Rc<Names>>,
    pub(crate) expose: Option<Rc<Names>>,
    /// Seconds.
    pub(crate) max_age: Option<Rc<str>>,
    pub(crate) credentials: Option<bool>,
    pub(crate) private_network: Option<bool>,
    pub(crate) forward_unmatched: Option<bool>,
    pub(crate) timing: Option<bool>,
    pub(crate) enabled: Option<Fraction>,
    pub(crate) shadow: Option<Fraction>,
}

/// A policy with every field decided.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) origins: Rc<Origins>,
    pub(crate) methods: Rc<Names>,
    pub(crate) headers: Rc<Names>,
    pub(crate) expose: Rc<Names>,
    pub(crate) max_age: Rc<str>,
    pub(crate) credentials: bool,
    pub(crate) private_network: bool,
    pub(crate) forward_unmatched: bool,
    pub(crate) timing: bool,
    pub(crate) enabled: Fraction,
    pub(crate) shadow: Fraction,
}

impl Plan {
    /// Decides each field by the first policy that has it, as Envoy does; which requests it is for at all is said by the first
    /// policy alone.
    pub(crate) fn of(chain: &mut dyn Iterator<Item = &Fields>, forward_unmatched: bool) -> Self {
        let mut all = Fields::default();
        let mut first: Option<&Fields> = None;
        for fields in chain {
            all.inherit(fields);
            first.get_or_insert(fields);
        }
        Self {
            origins: all.origins.unwrap_or_default(),
            methods: all.methods.unwrap_or_default(),
            headers: all.headers.unwrap_or_default(),
            expose: all.expose.unwrap_or_default(),
            max_age: all.max_age.unwrap_or_default(),
            credentials: all.credentials.unwrap_or(false),
            private_network: all.private_network.unwrap_or(false),
            forward_unmatched: all.forward_unmatched.unwrap_or(forward_unmatched),
            timing: all.timing.unwrap_or(false),
            enabled: first.and_then(|first| first.enabled).unwrap_or(Fraction::ALL),
            shadow: first.and_then(|first| first.shadow).unwrap_or(Fraction::NONE),
        }
    }
}

impl Fields {
    fn inherit(&mut self, other: &Self) {
        fn one<T: Clone>(field: &mut Option<T>, other: &Option<T>) {
            if field.is_none() {
                field.clone_from(other);
            }
        }
        one(&mut self.origins, &other.origins);
        one(&mut self.methods, &other.methods);
        one(&mut self.headers, &other.headers);
        one(&mut self.expose, &other.expose);
        one(&mut self.max_age, &other.max_age);
        one(&mut self.credentials, &other.credentials);
        one(&mut self.private_network, &other.private_network);
        one(&mut self.forward_unmatched, &other.forward_unmatched);
        one(&mut self.timing, &other.timing);
    }
}
