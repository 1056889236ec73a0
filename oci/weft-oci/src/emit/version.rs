//! What each version of Istio does not know yet, by the CRDs of `istio/api` from 1.12 to 1.27 and the notes of 1.30.

use std::fmt;
use std::str::FromStr;

use super::{Request, Target};
use crate::filters::{FailStrategy, Mode};

/// A minor version of Istio: `1.27`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct IstioVersion {
    major: u32,
    minor: u32,
}

impl IstioVersion {
    /// The first that has WasmPlugin.
    pub const WASM_PLUGIN: Self = Self::one(12);

    /// Whether a WasmPlugin can choose its traffic.
    pub(super) fn has_match(self) -> bool {
        self >= MATCH
    }

    const fn one(minor: u32) -> Self {
        Self { major: 1, minor }
    }
}

const VM_CONFIG: IstioVersion = IstioVersion::one(14);
const MATCH: IstioVersion = IstioVersion::one(16);
const FAIL_STRATEGY: IstioVersion = IstioVersion::one(19);
const TARGET_REFS: IstioVersion = IstioVersion::one(22);
const FAIL_RELOAD: IstioVersion = IstioVersion::one(27);
const TRAFFIC_EXTENSION: IstioVersion = IstioVersion::one(30);

/// What this version would not do, although the manifest says so.
pub fn problems(version: IstioVersion, target: Target, request: &Request) -> Vec<String> {
    let is_plugin = target == Target::WasmPlugin;
    let has_match = request.mode.value != Mode::ClientAndServer || !request.ports.is_empty();
    let needs = [
        ("a WasmPlugin", IstioVersion::WASM_PLUGIN, is_plugin),
        ("a TrafficExtension", TRAFFIC_EXTENSION, target == Target::TrafficExtension),
        ("an environment (vmConfig)", VM_CONFIG, is_plugin && !request.environment.is_empty()),
        ("a choice of traffic (match); give --mode client-and-server and no ports", MATCH, is_plugin && has_match),
        (
            "a failStrategy; give --fail-strategy close, which is what it does",
            FAIL_STRATEGY,
            is_plugin && request.fail_strategy.value != FailStrategy::Close,
        ),
        ("target references", TARGET_REFS, is_plugin && !request.targets.is_empty()),
        ("failStrategy FAIL_RELOAD", FAIL_RELOAD, request.fail_strategy.value == FailStrategy::Reload),
    ];
    let missing = needs.iter().filter(|(_, since, is_used)| *is_used && version < *since);
    missing.map(|(what, since, _)| format!("expected Istio {since} or newer for {what}, but found {version}")).collect()
}

impl FromStr for IstioVersion {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refused = || format!("expected a version such as 1.27, but found {text:?}");
        let mut numbers = text.split('.').map(|number| number.parse().map_err(|_| refused()));
        let (major, minor) = (numbers.next().ok_or_else(refused)??, numbers.next().ok_or_else(refused)??);
        Ok(Self { major, minor })
    }
}

impl fmt::Display for IstioVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
