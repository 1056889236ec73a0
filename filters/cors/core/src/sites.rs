//! Which policy is for a request, by index: first its host, then its path, the most specific of each.
//!
//! It is how Envoy chooses a virtual host and then one of its routes. Policies that name hosts make a site of each, and those
//! that name none are the site of all other hosts.

use crate::origin::split_port;
use crate::scratch::Scratch;
use crate::table::{Entry, Table};

/// The sites, each with its policies by path.
#[derive(Debug, Default)]
pub(crate) struct Sites {
    hosts: Table,
    /// The ends of hosts, backwards.
    domains: Table,
    sites: Vec<Site>,
    /// Of every host that is none of these.
    rest: Site,
}

/// The policies of one host, as their index among the plans.
#[derive(Debug, Default)]
pub(crate) struct Site {
    pub(crate) exact: Table,
    pub(crate) prefixes: Table,
    pub(crate) whole: Option<usize>,
}

impl Site {
    fn plan(&self, path: &[u8]) -> Option<usize> {
        if self.exact.is_empty() && self.prefixes.is_empty() {
            return self.whole;
        }
        let path = path.split(|byte| *byte == b'?').next().unwrap_or_default();
        self.exact.get(path).or_else(|| self.prefixes.longest(path)).or(self.whole)
    }

    fn is_whole(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty()
    }
}

impl Sites {
    /// Makes hosts (`a.example`, `*.example`) to sites by the index that each has.
    pub(crate) fn new(hosts: &[(&str, usize)], sites: Vec<Site>, rest: Site) -> Self {
        let (mut exact, mut domains) = (Vec::new(), Vec::new());
        for (host, site) in hosts {
            match host.strip_prefix('*') {
                Some(end) => domains.push(Entry::new(&end.bytes().rev().collect::<Vec<_>>(), *site)),
                None => exact.push(Entry::new(host.as_bytes(), *site)),
            }
        }
        Self { hosts: Table::new(exact).0, domains: Table::new(domains).0, sites, rest }
    }

    /// The plan of the requests of all hosts and paths, if there is one for all.
    pub(crate) fn only(&self) -> Option<usize> {
        self.rest.whole.filter(|_| self.sites.is_empty() && self.rest.is_whole())
    }

    /// The plan for a request.
    pub(crate) fn plan(&self, authority: &[u8], path: &[u8]) -> Option<usize> {
        self.site(authority).unwrap_or(&self.rest).plan(path)
    }

    fn site(&self, authority: &[u8]) -> Option<&Site> {
        if self.sites.is_empty() {
            return None;
        }
        let authority = Scratch::lower_case(authority)?;
        let authority = authority.as_bytes();
        let (host, _) = split_port(authority);
        let exact = self.hosts.get(authority).or_else(|| self.hosts.get(host));
        let site = exact.or_else(|| self.domains.longest(Scratch::reversed(host)?.as_bytes()));
        self.sites.get(site?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn site(exact: &[(&str, usize)], prefixes: &[(&str, usize)], whole: Option<usize>) -> Site {
        let table = |texts: &[(&str, usize)]| {
            Table::new(texts.iter().map(|(text, value)| Entry::new(text.as_bytes(), *value)).collect()).0
        };
        Site { exact: table(exact), prefixes: table(prefixes), whole }
    }

    #[test]
    fn the_most_specific_host_and_path_win() {
        let hosts = [("a.example", 0), ("*.example", 1), ("*.b.example", 2), ("a.example:8080", 2)];
        let sites =
            vec![site(&[("/x", 1)], &[("/", 2), ("/api/", 3)], None), site(&[], &[], Some(4)), site(&[], &[], Some(5))];
        let sites = Sites::new(&hosts, sites, site(&[], &[("/open/", 6)], Some(7)));
        for (authority, path, plan) in [
            ("a.example", "/x", 1),
            ("A.Example:90", "/x?q=/api/", 1),
            ("a.example", "/x/", 2),
            ("a.example", "/api/v1", 3),
            ("a.example:8080", "/api/v1", 5),
            ("c.example", "/x", 4),
            ("c.b.example", "/x", 5),
            ("b.example", "/x", 4),
            ("example", "/open/a", 6),
            ("", "/", 7),
        ] {
            assert_eq!(sites.plan(authority.as_bytes(), path.as_bytes()), Some(plan), "{authority} {path}");
        }
        assert_eq!(sites.plan(&[b'a'; 5000], b"/"), Some(7));
        assert_eq!(sites.only(), None);
        assert_eq!(Sites::new(&[], Vec::new(), site(&[], &[], Some(0))).only(), Some(0));
    }

    #[test]
    fn a_host_or_path_without_policy_has_none() {
        let sites = Sites::new(&[("a.example", 0)], vec![site(&[("/x", 0)], &[], None)], Site::default());
        assert_eq!(sites.plan(b"a.example", b"/y"), None);
        assert_eq!(sites.plan(b"b.example", b"/x"), None);
    }
}
