//! The configured filter: which policy a request has, and which profile judges it.

use crate::configuration::{self, Configuration, Profile};
use crate::counts::Counts;
use crate::field;
use crate::fraction::Dice;
use crate::plan::Plan;
use crate::{envoy, strict};
use http_exchange::{Headers, LocalReply, Next, Part, Route, Step};
use std::fmt;
use strict_config::Problems;

/// A configured filter.
#[derive(Debug)]
pub struct Cors {
    configuration: Configuration,
    counts: Counts,
    dice: Dice,
}

/// What is remembered of one exchange.
#[derive(Debug, Default)]
pub struct Exchange(State);

#[derive(Debug, Default)]
pub(crate) enum State {
    /// The response is none of the filter's business.
    #[default]
    Passing,
    /// The response is the same for every origin but is one that caches must keep apart.
    Varying,
    /// The response is for a page of this origin, or of one that is not allowed.
    Judged { plan: usize, origin: Option<Box<[u8]>> },
}

/// What becomes of a request.
pub(crate) enum Verdict<'a> {
    Passing,
    Varying,
    Allowed(&'a [u8]),
    NotAllowed,
    Answered(LocalReply<'a>),
}

impl Cors {
    /// Reads a configuration. What is drawn by lot begins with the seed.
    pub fn parse(json: &[u8], seed: u64) -> Result<Self, Problems> {
        let configuration = configuration::parse(json)?;
        Ok(Self { configuration, counts: Counts::default(), dice: Dice::new(seed) })
    }

    /// What is legal in the configuration and yet dangerous.
    pub fn warnings(&self) -> &Problems {
        &self.configuration.warnings
    }

    /// Begins an exchange.
    pub fn open(&self) -> Exchange {
        Exchange::default()
    }

    /// Whether a part of the exchange is looked at; if not, nothing does in its place.
    pub fn reads(&self, exchange: &Exchange, part: Part) -> bool {
        match part {
            Part::RequestHeaders => true,
            Part::ResponseHeaders => {
                self.configuration.profile == Profile::Strict && !matches!(exchange.0, State::Passing)
            }
            _ => false,
        }
    }

    /// The header of a part without which none of the others matters.
    pub fn needs(&self, exchange: &Exchange, part: Part) -> Option<&'static [u8]> {
        let Configuration { profile, sites, .. } = &self.configuration;
        match part {
            // Strictly, the response to a request without it is to be marked if the request's host and path have a policy.
            Part::RequestHeaders if *profile == Profile::Envoy || sites.only().is_some() => Some(field::ORIGIN),
            Part::ResponseHeaders if matches!(exchange.0, State::Varying) => Some(field::VARY),
            _ => None,
        }
    }

    /// Decides on a request.
    pub fn on_request_headers<'a>(
        &'a mut self,
        exchange: &mut Exchange,
        head: &Headers<'a>,
        route: &mut dyn Route,
    ) -> Step<'a> {
        let Self { configuration, counts, dice } = self;
        let sites = &configuration.sites;
        let get = |name| head.get(name).unwrap_or_default();
        let index = sites.only().or_else(|| sites.plan(get(b":authority"), get(b":path")));
        let Some((index, plan)) = index.and_then(|index| Some((index, configuration.plans.get(index)?))) else {
            return Step::default();
        };
        let verdict = match configuration.profile {
            Profile::Strict => strict::judge(configuration, plan, head, counts, dice),
            Profile::Envoy => envoy::judge(plan, head, route, counts, dice),
        };
        let judged = |origin: Option<&[u8]>| State::Judged { plan: index, origin: origin.map(Box::from) };
        let mut next = Next::Continue;
        exchange.0 = match verdict {
            Verdict::Passing => State::Passing,
            Verdict::Varying => State::Varying,
            Verdict::Allowed(origin) => judged(Some(origin)),
            Verdict::NotAllowed => judged(None),
            // The reply has all that it needs, and comes by the filter again.
            Verdict::Answered(reply) => {
                next = Next::Reply(reply);
                State::Passing
            }
        };
        Step { edits: Vec::new(), next }
    }

    /// Decides on a response, be it the upstream's, another filter's or the proxy's.
    pub fn on_response_headers<'a>(&'a self, exchange: &'a Exchange, head: &Headers<'a>) -> Step<'a> {
        let Configuration { profile, upstream, plans, .. } = &self.configuration;
        let judged: Option<(&Plan, Option<&[u8]>)> = match &exchange.0 {
            State::Passing => return Step::default(),
            State::Varying => None,
            State::Judged { plan, origin } => plans.get(*plan).map(|plan| (plan, origin.as_deref())),
        };
        let edits = match (profile, judged) {
            (Profile::Strict, judged) => strict::mark(*upstream, judged, head),
            (Profile::Envoy, Some((plan, Some(origin)))) => envoy::mark(plan, origin),
            (Profile::Envoy, _) => Vec::new(),
        };
        Step { edits, next: Next::Continue }
    }

    /// The counts since they were last taken.
    pub fn take_counts(&mut self) -> Counts {
        std::mem::take(&mut self.counts)
    }
}

/// What the filter will do, in a line for the log.
impl fmt::Display for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profile = match self.configuration.profile {
            Profile::Strict => "strict",
            Profile::Envoy => "envoy",
        };
        let plans = self.configuration.plans.len();
        write!(f, "{profile}: {plans} {}", if plans == 1 { "policy" } else { "policies by host and path" })
    }
}
