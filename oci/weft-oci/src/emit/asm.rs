//! ASMFilterDeployment (`istio.alibabacloud.com/v1beta1`): no schema of it is public, so it has the fields that the guides show and
//! no other.

use super::Request;
use super::yaml::Map;
use crate::filters::{Mode, Workload};

pub(super) fn filter_deployment(request: &Request) -> (Map, Vec<String>) {
    let context = match (request.workload, request.mode.value) {
        (Workload::Gateway, _) if request.labels.is_empty() => "GATEWAY",
        (_, Mode::Client) => "SIDECAR_OUTBOUND",
        (_, Mode::Server) => "SIDECAR_INBOUND",
        (_, Mode::ClientAndServer) => "ANY",
    };
    let workload = Map::new().with("kind", "Deployment").with("labels", request.labels());
    let parameters = serde_json::Value::Object(request.config.clone()).to_string();
    let filter = Map::new()
        .because("patchContext", context, request.mode.reason)
        .because("parameters", parameters, "The configuration is JSON inside of a string here.")
        .because("image", request.image.to_string(), "Without oci://, unlike everywhere else.")
        .maybe("rootID", request.root_id.as_deref())
        .with("id", request.name.as_str());
    let manifest = Map::new()
        .with("apiVersion", "istio.alibabacloud.com/v1beta1")
        .with("kind", "ASMFilterDeployment")
        .with("metadata", request.metadata())
        .with("spec", Map::new().with("workload", workload).with("filter", filter));
    let notes = vec![
        "an ASMFilterDeployment is ASM's older way; an ASM of today takes a WasmPlugin, too (emit wasmplugin)"
            .to_owned(),
        "it needs ASM 1.8.3.17 or newer, switched on once for the mesh:\n  \
         aliyun servicemesh UpdateMeshFeature --ServiceMeshId=… --WebAssemblyFilterEnabled=true"
            .to_owned(),
        format!(
            "the registry's credentials are a secret of one name and place:\n  \
             kubectl create secret docker-registry asmwasm-cache --namespace istio-system --docker-server {} \
             --docker-username … --docker-password …",
            request.image.registry
        ),
    ];
    (manifest, notes)
}
