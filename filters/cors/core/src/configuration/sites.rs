//! Hosts and paths of policies, and which policy a policy inherits from.

use super::Profile;
use super::fields::{self, Policy};
use crate::fraction::Fraction;
use crate::origin::Origin;
use crate::plan::Plan;
use crate::sites::{Site, Sites};
use crate::table::{Entry, Table};
use strict_config::{Reader, Value};

/// The policies of one site, by their index.
#[derive(Default)]
struct Rows<'r> {
    exact: Vec<(&'r str, usize)>,
    prefixes: Vec<(&'r str, usize)>,
    whole: Vec<usize>,
}

/// Reads all policies.
pub(super) fn read(reader: &Reader, profile: Profile, values: &[Value]) -> (Sites, Vec<Plan>) {
    let policies: Vec<Policy<'_>> = values.iter().filter_map(|value| fields::read(reader, profile, value)).collect();
    let mut hosts = Vec::new();
    for host in policies.iter().flat_map(|policy| policy.hosts) {
        hosts.extend(read_host(reader, host));
    }
    let named = Table::new(hosts.iter().enumerate().map(|(site, host)| Entry::new(host.as_bytes(), site)).collect()).0;
    let mut sites: Vec<Rows<'_>> = hosts.iter().map(|_| Rows::default()).collect();
    let mut rest = Rows::default();
    for (index, policy) in policies.iter().enumerate() {
        let mut paths = Vec::new();
        for path in policy.paths {
            paths.extend(read_path(reader, path));
        }
        if policy.hosts.is_empty() {
            rest.add(&paths, policy, index);
        }
        for host in policy.hosts.iter().filter_map(Value::as_str) {
            let host = host.to_ascii_lowercase();
            let site = named.get(host.as_bytes()).and_then(|site| sites.get_mut(site));
            site.unwrap_or(&mut rest).add(&paths, policy, index);
        }
    }
    let mut planning = Planning { reader, profile, policies: &policies, plans: Vec::new() };
    let general = rest.whole.first().copied();
    let rest = planning.site(&rest, None);
    let sites = sites.iter().map(|rows| planning.site(rows, general)).collect();
    let hosts: Vec<_> = hosts.iter().filter_map(|host| Some((host.as_str(), named.get(host.as_bytes())?))).collect();
    (Sites::new(&hosts, sites, rest), planning.plans)
}

impl<'r> Rows<'r> {
    fn add(&mut self, paths: &[&'r str], policy: &Policy<'_>, index: usize) {
        if policy.paths.is_empty() {
            self.whole.push(index);
        }
        for path in paths {
            match path.strip_suffix('*') {
                Some(prefix) => self.prefixes.push((prefix, index)),
                None => self.exact.push((path, index)),
            }
        }
    }
}

/// A host in lower case, perhaps with a port or in place of its first labels `*.`; none where it stands for all hosts.
fn read_host(reader: &Reader, value: &Value) -> Option<String> {
    let text = reader.string(value)?;
    if text == "*" {
        return None;
    }
    let host = text.to_ascii_lowercase();
    let example = format!("x://{}", host.strip_prefix("*.").unwrap_or(&host));
    if Origin::parse(example.as_bytes()).is_err() {
        reader.expected("a host such as www.example.com, *.example.com or www.example.com:8080", value);
        return None;
    }
    Some(host)
}

/// A path, with a star at its end where it is the beginning of many.
fn read_path<'r>(reader: &Reader, value: &'r Value) -> Option<&'r str> {
    let text = reader.string(value)?;
    let path = text.strip_suffix('*').unwrap_or(text);
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'*' | b'?' | b'#');
    if !text.starts_with('/') || !path.bytes().all(is_plain) {
        reader.expected("a path such as /details or /api/*", value);
        return None;
    }
    Some(text)
}

/// Makes plans of policies and of those that they inherit from.
struct Planning<'p, 'r> {
    reader: &'r Reader,
    profile: Profile,
    policies: &'p [Policy<'r>],
    plans: Vec<Plan>,
}

impl Planning<'_, '_> {
    /// `general` is the policy of all hosts and paths, from which every other inherits.
    fn site(&mut self, rows: &Rows<'_>, general: Option<usize>) -> Site {
        let own = rows.whole.first().copied();
        for again in rows.whole.iter().skip(1) {
            self.repeated(*again);
        }
        let (exact, prefixes) = (self.by_path(&rows.exact, own, general), self.by_path(&rows.prefixes, own, general));
        let whole = own.or(general).map(|policy| self.plan(&[Some(policy), general]));
        Site { exact, prefixes, whole }
    }

    fn by_path(&mut self, rows: &[(&str, usize)], own: Option<usize>, general: Option<usize>) -> Table {
        let first = self.plans.len();
        let mut entries = Vec::with_capacity(rows.len());
        for (path, policy) in rows {
            entries.push(Entry::new(path.as_bytes(), self.plan(&[Some(*policy), own, general])));
        }
        let (table, repeated) = Table::new(entries);
        for plan in repeated {
            if let Some((_, policy)) = plan.checked_sub(first).and_then(|row| rows.get(row)) {
                self.repeated(*policy);
            }
        }
        table
    }

    fn repeated(&self, policy: usize) {
        // What has been said of a policy is not said again for its next path.
        if let Some(policy) = self.policies.get(policy)
            && !policy.is_repeated.replace(true)
        {
            let message = "expected one policy for each host and path, but found another one for the same";
            self.reader.problem(policy.at, message);
        }
    }

    /// The index of the plan that these policies make, the first of them the most specific.
    fn plan(&mut self, chain: &[Option<usize>]) -> usize {
        let chain: Vec<_> = chain.iter().flatten().filter_map(|policy| self.policies.get(*policy)).collect();
        let plan = Plan::of(&mut chain.iter().map(|policy| &policy.fields), self.profile == Profile::Envoy);
        if chain.first().is_some_and(|policy| !policy.is_judged.replace(true)) {
            self.judge(&plan, &chain);
        }
        self.plans.push(plan);
        self.plans.len() - 1
    }

    /// What is dangerous about fields that stand together.
    fn judge(&self, plan: &Plan, chain: &[&Policy<'_>]) {
        let reader = self.reader;
        if plan.enabled == Fraction::NONE && plan.shadow == Fraction::NONE {
            return;
        }
        let Some(policy) = chain.iter().find(|policy| policy.fields.origins.is_some()) else {
            if let Some(policy) = chain.first() {
                reader.warning(policy.at, "expected allowOrigins, but found none, so that no origin is allowed");
            }
            return;
        };
        if !plan.credentials {
            return;
        }
        if let Some(wild) = policy.wild {
            let message = "expected origins by name beside allowCredentials, but found one that every site matches, so that \
                           each could read what the user sees";
            match self.profile {
                Profile::Strict => reader.problem(wild, message),
                Profile::Envoy => reader.warning(wild, message),
            }
        }
        for value in &policy.clear_text {
            let message = "expected https beside allowCredentials, but found one of http, for which anyone on the way to the user \
                           can speak";
            reader.warning(value, message);
        }
        let exposing = chain.iter().find(|policy| policy.fields.expose.is_some());
        if let Some(star) = exposing.and_then(|policy| policy.exposes_any) {
            let message = "expected headers by name beside allowCredentials, but found *, which is no wildcard there";
            match self.profile {
                Profile::Strict => reader.problem(star, message),
                Profile::Envoy => reader.warning(star, message),
            }
        }
    }
}
