//! Where our filter, in its `envoy` profile, may answer otherwise than Envoy's own, and why.

/// Reasons, each with its cases: the setup's name, a colon, the case's.
pub const ALLOWED: &[(&str, &[&str])] = &[(
    "Envoy's own filter ends the whole process",
    &[
        "streaming: ServerStreamingGet that is cut off",
        "streaming: ServerStreamingGet cut off in a prefix",
        "streaming: ServerStreamingGet cut off in the first message",
        "types: null in a map",
        "types: a map with an empty key",
        "types: a map with an empty value",
        "types: a map entry without a value in the reply",
    ],
)];
