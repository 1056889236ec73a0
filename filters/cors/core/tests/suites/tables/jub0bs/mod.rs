//! github.com/jub0bs/cors (MIT), a Go middleware, at `b30599e1`.
//!
//! Vectors: 820; answered differently: 153.
//!
//! | table | from | left out |
//! |---|---|---|
//! | [`exchanges`] | `middleware_test.go`, `internal/methods` | what comes again after a reconfiguration: a proxy loads a changed configuration as a new plugin |
//! | [`readings`] | `config_test.go`, `internal/{headers,methods}` | what is about Go: comparing and printing a configuration |
//! | [`patterns`] | `internal/origins/pattern_test.go` | the parts that a text is taken into, which show in what it allows |
//! | [`origins`] | `internal/origins/{origins,radix}_test.go` | the same, and reading a set back out of its index |
//! | [`names`] | `internal/headers/acrh_test.go` | that a check allocates nothing |
//!
//! Its methods beyond Istio's nine (`PURGE`, `HELP`) are others of those here. `internal/origins/fuzz_test.go` became properties in
//! `suites/patterns.rs`, which begin with all texts of these tables.

mod exchanges;
mod names;
mod origins;
mod patterns;
mod readings;

use super::Suite;

pub const SUITE: Suite = Suite {
    name: "jub0bs/cors",
    source: include_str!("mod.rs"),
    exchanges: &exchanges::TABLES,
    readings: &readings::READINGS,
    patterns: &patterns::PATTERNS,
    origins: &origins::TABLES,
    names: &names::TABLES,
};
