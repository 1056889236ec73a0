//! What is known of each filter beside its module: its root contexts, and where in a chain it does what it is for.
//!
//! A choice comes with its reason, which is written beside it into every manifest.

/// A choice and why it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice<T> {
    /// What is chosen.
    pub value: T,
    /// Why, in whole sentences.
    pub reason: &'static str,
}

/// Where in Istio's chain a plugin stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Phase {
    /// Before Istio's authentication.
    Authn,
    /// Before Istio's authorization.
    Authz,
    /// Before Istio's statistics.
    Stats,
    /// Right before the router.
    Unspecified,
}

/// What becomes of requests when the module cannot be fetched or fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailStrategy {
    /// They are refused.
    Close,
    /// They go on without the plugin.
    Open,
    /// The module is started anew.
    Reload,
}

/// Which traffic of a proxy a plugin sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Away from an application, and through a gateway.
    Client,
    /// Towards an application.
    Server,
    /// Both.
    ClientAndServer,
}

/// The proxies that a filter is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload {
    /// The ingress gateway.
    Gateway,
    /// The sidecars of a namespace.
    Sidecars,
}

/// What is known of a filter.
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// Its name.
    pub name: &'static str,
    /// What it does, for a package's description.
    pub description: &'static str,
    /// Its root contexts, as packages name them.
    pub root_ids: &'static [&'static str],
    /// The proxies that it is for.
    pub workload: Workload,
    /// Where in Istio's chain.
    pub phase: Choice<Phase>,
    /// Before or after others of the same phase: higher ones come first.
    pub priority: Choice<i32>,
    /// Which traffic it sees.
    pub mode: Choice<Mode>,
    /// What becomes of requests without it.
    pub fail_strategy: Choice<FailStrategy>,
}

const fn choice<T>(value: T, reason: &'static str) -> Choice<T> {
    Choice { value, reason }
}

/// The filters that the suite has.
const FILTERS: &[Filter] = &[
    Filter {
        name: "cors",
        description: "Cross-origin resource sharing: preflights answered, responses marked for their origins",
        root_ids: &["cors"],
        workload: Workload::Gateway,
        phase: choice(
            Phase::Authn,
            "A preflight request carries no credentials, so it has to be answered before authentication refuses it.",
        ),
        priority: choice(100, "Before all others of its phase, for the same reason."),
        mode: choice(Mode::Client, "A gateway's listeners count as clients."),
        fail_strategy: choice(
            FailStrategy::Open,
            "Without the filter browsers block what they must: it protects nobody's data by being there.",
        ),
    },
    Filter {
        name: "grpc-json-transcoder",
        description: "Clients of HTTP and JSON call gRPC services, by the rules of google.api.http",
        root_ids: &["grpc-json-transcoder"],
        workload: Workload::Gateway,
        phase: choice(
            Phase::Unspecified,
            "Right before the router: authentication and authorization judge the path that the client sent, not the gRPC method.",
        ),
        priority: choice(-100, "After all others, so that they see JSON in both directions."),
        mode: choice(Mode::Client, "A gateway's listeners count as clients."),
        fail_strategy: choice(FailStrategy::Close, "Without the filter JSON would reach servers that speak gRPC."),
    },
    Filter {
        name: "header-propagation",
        description: "Headers that came in to a pod go out on every call it makes; constant stamps",
        root_ids: &["propaganda_filter_root"],
        workload: Workload::Sidecars,
        phase: choice(
            Phase::Unspecified,
            "Right before the router, whose choice follows the headers that are set here.",
        ),
        priority: choice(0, "It reads and sets only the headers that its configuration names."),
        mode: choice(
            Mode::ClientAndServer,
            "Headers are remembered where they come in and set where calls go out: it needs both.",
        ),
        fail_strategy: choice(
            FailStrategy::Open,
            "Without the filter requests take the default route, which is better than none.",
        ),
    },
    Filter {
        name: "traffic-label",
        description: "Labels requests by rules and passes labels on, for routes that follow them",
        root_ids: &["traffic-label"],
        workload: Workload::Sidecars,
        phase: choice(
            Phase::Unspecified,
            "Right before the router, whose choice follows the labels that are set here.",
        ),
        priority: choice(-10, "After the others, so that it sees what they wrote; before the transcoder."),
        mode: choice(
            Mode::ClientAndServer,
            "Labels are remembered where they come in and set where calls go out: it needs both.",
        ),
        fail_strategy: choice(
            FailStrategy::Open,
            "Without the filter requests take the base version, which is better than none.",
        ),
    },
];

/// What is known of a filter.
pub fn filter(name: &str) -> Option<&'static Filter> {
    FILTERS.iter().find(|filter| filter.name == name)
}

/// What is taken for a module of which nothing is known.
pub const UNKNOWN: Filter = Filter {
    name: "",
    description: "",
    root_ids: &[],
    workload: Workload::Sidecars,
    phase: choice(Phase::Unspecified, "Right before the router."),
    priority: choice(0, "As good as any."),
    mode: choice(Mode::ClientAndServer, "All traffic of the proxy."),
    fail_strategy: choice(FailStrategy::Close, "What the module is for is not known, so nothing passes without it."),
};

impl Phase {
    /// As manifests have it; nothing for right before the router.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Authn => Some("AUTHN"),
            Self::Authz => Some("AUTHZ"),
            Self::Stats => Some("STATS"),
            Self::Unspecified => None,
        }
    }
}

impl FailStrategy {
    /// As manifests have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Close => "FAIL_CLOSE",
            Self::Open => "FAIL_OPEN",
            Self::Reload => "FAIL_RELOAD",
        }
    }
}

impl Mode {
    /// As manifests have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "CLIENT",
            Self::Server => "SERVER",
            Self::ClientAndServer => "CLIENT_AND_SERVER",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filter_has_its_place() {
        for module in artifacts::MODULES {
            assert!(filter(module.name).is_some(), "{} has no row", module.name);
        }
    }
}
