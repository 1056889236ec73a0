//! The fields that are accepted without an effect and without a warning, each with the reason.
//!
//! They are what nearly every real manifest has and what says nothing about how requests travel on one machine. A field that
//! is neither modelled nor listed here is named in a warning.

/// Kind (`*` for all), the beginning of the path (indexes left out), and why it needs no warning.
const ACCEPTED: &[(&str, &str, &str)] = &[
    ("*", "apiVersion", "read before the kind is known"),
    ("*", "kind", "read before the rest is"),
    ("*", "metadata", "annotations, owners and the like are for the cluster's own bookkeeping"),
    ("*", "status", "what a cluster reported is not what it is asked for"),
    ("Deployment", "spec.template.metadata", "annotations steer injection and scraping, which do not happen here"),
    ("Deployment", "spec.template.spec.containers[].resources", "one machine has no scheduler"),
    ("Deployment", "spec.template.spec.containers[].imagePullPolicy", "no image is pulled"),
    ("Deployment", "spec.template.spec.imagePullSecrets", "no image is pulled"),
    (
        "Deployment",
        "spec.template.spec.containers[].livenessProbe",
        "an application that ends is reported, not restarted",
    ),
    ("Deployment", "spec.template.spec.containers[].readinessProbe", "the mesh waits until every port answers"),
    ("Deployment", "spec.template.spec.containers[].startupProbe", "the mesh waits until every port answers"),
    ("Deployment", "spec.template.spec.containers[].securityContext", "no container is made"),
    ("Deployment", "spec.template.spec.containers[].terminationMessagePath", "no container is made"),
    ("Deployment", "spec.template.spec.containers[].terminationMessagePolicy", "no container is made"),
    ("Deployment", "spec.template.spec.securityContext", "no container is made"),
    ("Deployment", "spec.template.spec.restartPolicy", "an application that ends is reported, not restarted"),
    ("Deployment", "spec.template.spec.terminationGracePeriodSeconds", "the mesh ends as a whole"),
    ("Deployment", "spec.template.spec.dnsPolicy", "names are resolved by the sidecar"),
    ("Deployment", "spec.template.spec.schedulerName", "one machine has no scheduler"),
    ("Deployment", "spec.template.spec.affinity", "one machine has no scheduler"),
    ("Deployment", "spec.template.spec.nodeSelector", "one machine has no scheduler"),
    ("Deployment", "spec.template.spec.tolerations", "one machine has no scheduler"),
    ("Deployment", "spec.strategy", "nothing is rolled out"),
    ("Deployment", "spec.minReadySeconds", "nothing is rolled out"),
    ("Deployment", "spec.progressDeadlineSeconds", "nothing is rolled out"),
    ("Deployment", "spec.revisionHistoryLimit", "nothing is rolled out"),
    ("Service", "spec.type", "every address is on this machine"),
    ("Service", "spec.clusterIP", "every address is on this machine"),
    ("Service", "spec.clusterIPs", "every address is on this machine"),
    ("Service", "spec.ipFamilies", "every address is on this machine"),
    ("Service", "spec.ipFamilyPolicy", "every address is on this machine"),
    ("Service", "spec.internalTrafficPolicy", "every address is on this machine"),
    ("Service", "spec.externalTrafficPolicy", "every address is on this machine"),
    ("Service", "spec.ports[].nodePort", "every address is on this machine"),
    ("Gateway", "spec.servers[].tls", "listeners speak plain HTTP, and a warning at the protocol says so"),
    ("Gateway", "spec.servers[].name", "a label for people"),
    ("Gateway", "spec.servers[].port.name", "a label for people"),
    ("DestinationRule", "spec.trafficPolicy.tls", "hops on one machine are not encrypted"),
    ("VirtualService", "spec.exportTo", "one mesh sees everything"),
    ("DestinationRule", "spec.exportTo", "one mesh sees everything"),
    ("WasmPlugin", "spec.imagePullPolicy", "a pinned image never changes, and a tag is looked up each time"),
    ("WasmPlugin", "spec.imagePullSecret", "images are pulled with the credentials of docker's configuration"),
    ("TrafficExtension", "spec.wasm.imagePullPolicy", "a pinned image never changes, and a tag is looked up each time"),
    (
        "TrafficExtension",
        "spec.wasm.imagePullSecret",
        "images are pulled with the credentials of docker's configuration",
    ),
];

/// Whether a field without effect needs no warning.
pub fn is_accepted(kind: &str, path: &str) -> bool {
    let path = without_indexes(path);
    ACCEPTED.iter().any(|(for_kind, prefix, _reason)| {
        (*for_kind == "*" || *for_kind == kind)
            && path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// `a[0].b` → `a[].b`.
fn without_indexes(path: &str) -> String {
    let mut inside = false;
    path.chars()
        .filter(|character| {
            inside = *character == '[' || (inside && *character != ']');
            !(inside && *character != '[')
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listed_field_is_accepted_with_all_below_it_and_nothing_beside_it() {
        for (kind, path, expected) in [
            ("Deployment", "spec.template.spec.containers[12].resources", true),
            ("Deployment", "spec.template.spec.containers[0].resources.limits", true),
            ("Deployment", "spec.template.spec.containers[0].resourcesX", false),
            ("Service", "spec.template.spec.containers[0].resources", false),
            ("Service", "metadata.annotations", true),
        ] {
            assert_eq!(is_accepted(kind, path), expected, "{kind} {path}");
        }
    }
}
