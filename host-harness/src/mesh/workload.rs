//! Deployments → pods: their names, labels, environments, programs and the node that each one's proxy is.
//!
//! Names are made as Kubernetes makes them, but from the Deployment's own name, so that a mesh has the same ones every time.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::finding::{Finding, Findings, Problem, Subject};
use super::kubernetes::{Container, DeploymentSpec, Transport};
use super::manifest::{Labels, Resource, selects, show};
use super::ports::Ports;
use super::weft_yaml::{Program, Settings};
use super::{App, Pod, PortAddress};
use crate::bootstrap::Node;

/// The version of Istio whose conventions are followed; plugins can read it.
const ISTIO_VERSION: &str = "1.30.0";

/// A workload as its proxies see it: what a selector selects and what a node tells.
#[derive(Clone, Debug)]
pub struct Workload {
    /// The Deployment's name.
    pub name: String,
    /// Its namespace.
    pub namespace: String,
    /// The labels of its pods, with those that Istio's injection adds.
    pub labels: Labels,
    /// The pods' service account.
    pub service_account: String,
    /// The names of the application's containers.
    pub containers: Vec<String>,
}

impl Workload {
    /// What a Deployment describes.
    pub fn of(deployment: &Resource<DeploymentSpec>) -> Self {
        let template = &deployment.spec.template;
        let service_account = template.spec.service_account_name.clone();
        Self::new(
            &deployment.name,
            &deployment.namespace,
            template.metadata.labels.clone(),
            service_account.unwrap_or_else(|| "default".to_owned()),
            template.spec.containers.iter().map(|it| it.name.clone()).collect(),
        )
    }

    /// A workload with the labels that Istio's injection adds: what to call it, and which revision of that it is.
    pub fn new(
        name: &str,
        namespace: &str,
        mut labels: Labels,
        service_account: String,
        containers: Vec<String>,
    ) -> Self {
        let first = |names: [&str; 2], default: &str| {
            names.iter().find_map(|it| labels.get(*it)).map_or_else(|| default.to_owned(), Clone::clone)
        };
        let canonical_name = first(["app.kubernetes.io/name", "app"], name);
        let revision = first(["app.kubernetes.io/version", "version"], "latest");
        labels.entry("service.istio.io/canonical-name".to_owned()).or_insert(canonical_name);
        labels.entry("service.istio.io/canonical-revision".to_owned()).or_insert(revision);
        Self { name: name.to_owned(), namespace: namespace.to_owned(), labels, service_account, containers }
    }

    /// `<name>-<hash of the template>-<suffix>`, where Kubernetes has random letters the same every time.
    pub fn pod_name(&self, replica: u16) -> String {
        let template = letters(&format!("{}/{}", self.namespace, self.name), 10);
        let suffix = letters(&format!("{}/{}/{replica}", self.namespace, self.name), 5);
        format!("{}-{template}-{suffix}", self.name)
    }

    /// The node of a pod's proxy, as Istio's agent describes it. The role is `sidecar` or `router`.
    pub fn node(&self, role: &str, pod: &str) -> Node {
        let namespace = &self.namespace;
        let app = self.labels.get("app").or_else(|| self.labels.get("service.istio.io/canonical-name"));
        let metadata: Map<String, Value> = [
            ("APP_CONTAINERS", json!(self.containers.join(","))),
            ("CLUSTER_ID", json!("Kubernetes")),
            ("INSTANCE_IPS", json!(Ipv4Addr::LOCALHOST.to_string())),
            ("INTERCEPTION_MODE", json!("NONE")),
            ("ISTIO_VERSION", json!(ISTIO_VERSION)),
            ("LABELS", json!(self.labels)),
            ("MESH_ID", json!("cluster.local")),
            ("NAME", json!(pod)),
            ("NAMESPACE", json!(namespace)),
            ("OWNER", json!(format!("kubernetes://apis/apps/v1/namespaces/{namespace}/deployments/{}", self.name))),
            ("SERVICE_ACCOUNT", json!(self.service_account)),
            ("WORKLOAD_NAME", json!(self.name)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        Node {
            id: format!("{role}~{}~{pod}.{namespace}~{namespace}.svc.cluster.local", Ipv4Addr::LOCALHOST),
            cluster: format!("{}.{namespace}", app.unwrap_or(&self.name)),
            metadata,
        }
    }
}

/// Letters and digits that Kubernetes makes names of, drawn from a hash.
fn letters(seed: &str, count: usize) -> String {
    const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
    let digest = Sha256::digest(seed);
    digest
        .iter()
        .take(count)
        .filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len()))
        .map(|byte| char::from(*byte))
        .collect()
}

/// A pod under construction: what users of a mesh see, and the workload it belongs to.
#[derive(Debug)]
pub struct PlannedPod {
    /// What it is part of.
    pub workload: Workload,
    /// What is known of it so far.
    pub pod: Pod,
    /// The ports that containers give a name, by name.
    pub named_ports: BTreeMap<String, u16>,
}

/// The pods of one Deployment.
pub fn pods(
    deployment: &Resource<DeploymentSpec>,
    settings: &Settings,
    ports: &mut Ports,
    findings: &mut Findings,
) -> Vec<PlannedPod> {
    let subject = &deployment.subject;
    let template = &deployment.spec.template;
    let (selector, labels) = (&deployment.spec.selector.match_labels, &template.metadata.labels);
    if selector.is_empty() || !selects(selector, labels) {
        let reason =
            format!("expected labels of the template, which has {}, but found {}", show(labels), show(selector));
        findings.error(subject, Problem::Invalid { path: "spec.selector.matchLabels".to_owned(), reason });
    }
    let workload = Workload::of(deployment);
    let (mut pods, mut errors) = (Vec::new(), Vec::new());
    for replica in 0..deployment.spec.replicas {
        // What is wrong with the template is said once, not for every pod.
        let mut unheard = Findings::default();
        let findings = if replica == 0 { &mut *findings } else { &mut unheard };
        let planned = pod(&workload, replica, &template.spec.containers, settings, subject, ports, findings);
        pods.extend(planned);
        let no_port = |it: &Finding| matches!(it.problem, Problem::NoPort { .. });
        errors.extend(unheard.errors.into_iter().filter(no_port));
    }
    findings.errors.extend(errors);
    pods
}

fn pod(
    workload: &Workload,
    replica: u16,
    containers: &[Container],
    settings: &Settings,
    subject: &Subject,
    ports: &mut Ports,
    findings: &mut Findings,
) -> Option<PlannedPod> {
    let name = workload.pod_name(replica);
    let outbound = free(ports.any(), subject, findings)?;
    let mut apps = Vec::new();
    let mut named_ports = BTreeMap::new();
    for (index, container) in containers.iter().enumerate() {
        let path = format!("spec.template.spec.containers[{index}]");
        let Some(application) = settings.application(&container.image) else {
            let (path, image) = (format!("{path}.image"), container.image.clone());
            findings.error(subject, Problem::NoApplication { path, image });
            continue;
        };
        let mut app_ports = Vec::new();
        for (index, port) in container.ports.iter().enumerate() {
            if port.transport != Transport::Tcp {
                let path = format!("{path}.ports[{index}].protocol");
                findings.warn(subject, Problem::Different { path, difference: "only TCP is modelled".to_owned() });
                continue;
            }
            named_ports.extend(port.name.clone().map(|name| (name, port.container_port)));
            app_ports.push(PortAddress { port: port.container_port, address: free(ports.any(), subject, findings)? });
        }
        let mut environment = environment(container, &path, workload, &name, subject, findings);
        environment.extend(application.environment.clone());
        apps.push(App {
            container: container.name.clone(),
            image: container.image.clone(),
            program: application.program.clone(),
            ports: app_ports,
            environment,
        });
    }
    let pod = Pod {
        name,
        namespace: workload.namespace.clone(),
        workload: workload.name.clone(),
        labels: workload.labels.clone(),
        inbound: Vec::new(),
        outbound,
        apps,
    };
    Some(PlannedPod { workload: workload.clone(), pod, named_ports })
}

/// A port, or the reason why there is none.
pub fn free(port: std::io::Result<SocketAddr>, subject: &Subject, findings: &mut Findings) -> Option<SocketAddr> {
    port.map_err(|error| findings.error(subject, Problem::NoPort { reason: error.to_string() })).ok()
}

fn environment(
    container: &Container,
    path: &str,
    workload: &Workload,
    pod: &str,
    subject: &Subject,
    findings: &mut Findings,
) -> BTreeMap<String, String> {
    let mut environment = BTreeMap::from([("HOSTNAME".to_owned(), pod.to_owned())]);
    for (index, variable) in container.env.iter().enumerate() {
        let field = variable.value_from.as_ref().and_then(|source| source.field_ref.as_ref());
        let value = match (&variable.value, field) {
            (Some(value), _) => value.clone(),
            // `valueFrom` other than `fieldRef` has been named as a field that is not modelled.
            (None, None) => continue,
            (None, Some(field)) => match field_value(&field.field_path, workload, pod) {
                Some(value) => value,
                None => {
                    let path = format!("{path}.env[{index}].valueFrom.fieldRef.fieldPath");
                    let difference = format!("`{}` is not modelled: the variable is left out", field.field_path);
                    findings.warn(subject, Problem::Different { path, difference });
                    continue;
                }
            },
        };
        environment.insert(variable.name.clone(), value);
    }
    environment
}

fn field_value(path: &str, workload: &Workload, pod: &str) -> Option<String> {
    let label = path.strip_prefix("metadata.labels['").and_then(|rest| rest.strip_suffix("']"));
    match (path, label) {
        ("metadata.name", _) => Some(pod.to_owned()),
        ("metadata.namespace", _) => Some(workload.namespace.clone()),
        ("spec.serviceAccountName", _) => Some(workload.service_account.clone()),
        ("status.podIP" | "status.hostIP", _) => Some(Ipv4Addr::LOCALHOST.to_string()),
        (_, Some(label)) => Some(workload.labels.get(label).cloned().unwrap_or_default()),
        _ => None,
    }
}

/// Adds what the platform gives every program: its ports, and the sidecar as the way out.
pub fn complete_environment(pod: &mut Pod) {
    let outbound = format!("http://{}", pod.outbound);
    for app in &mut pod.apps {
        let Program::Command { .. } = app.program else { continue };
        let mut variables = vec![
            ("HTTP_PROXY".to_owned(), outbound.clone()),
            ("http_proxy".to_owned(), outbound.clone()),
            ("NO_PROXY".to_owned(), "localhost,127.0.0.1".to_owned()),
            ("no_proxy".to_owned(), "localhost,127.0.0.1".to_owned()),
        ];
        variables.extend(app.ports.first().map(|it| ("PORT".to_owned(), it.address.port().to_string())));
        variables.extend(app.ports.iter().map(|it| (format!("PORT_{}", it.port), it.address.port().to_string())));
        for (name, value) in variables {
            // What the user says in the manifest or in `weft.yaml` comes first.
            app.environment.entry(name).or_insert(value);
        }
    }
}
