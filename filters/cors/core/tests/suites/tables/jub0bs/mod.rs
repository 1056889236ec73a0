//! github.com/jub0bs/cors (MIT), a Go middleware, at `b30599e1`.
//!
//! Vectors: 820; answered differently: 167.
//!
//! | table | from | left out |
//! |---|---|---|
//! | [`exchanges`] | `middleware_test.go` | sixteen rows that come again after a reconfiguration, and that a caller may change response headers: a proxy loads a changed configuration as a new plugin |
//! | [`readings`] | `config_test.go`, `internal/headers`, `internal/methods`, `internal/origins/pattern_test.go` | what is about Go: comparing and printing a configuration |
//! | [`origins`] | `internal/origins/{origins,pattern,radix}_test.go` | reading a set back out of its index, which ours does not offer |
//! | [`names`] | `internal/headers/acrh_test.go` | that a check allocates nothing, which `benches/judging` measures |
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
