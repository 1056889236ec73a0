//! The `corsPolicy` of a VirtualService that no gateway is named in: the sidecars of those who call apply it, on either data plane.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use host_harness::abi::LogLevel;
use host_harness::bootstrap::Module;
use host_harness::data_plane::{DataPlane, LogSink, Plane};
use host_harness::mesh::{self, Ports};
use suite::transcoding::{Case, ask};

/// For the pages of the shop; what is not below `/details/` has no policy.
const POLICY: &str = "
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: details}
spec:
  hosts: [details]
  http:
  - match: [{uri: {prefix: /details/}}]
    corsPolicy: {allowOrigins: [{exact: 'https://www.shop.example'}], allowMethods: [PUT], allowCredentials: true}
    route: [{destination: {host: details}}]
  - route: [{destination: {host: details}}]
";

fn builtin(name: &str) -> Option<Module> {
    let module = artifacts::module(name)?;
    Some(Module { name: name.to_owned(), bytes: module.bytes.into() })
}

/// Requests to the sidecar of a client, and their answers: the status and the headers of CORS.
async fn answers(plane: &Plane) -> anyhow::Result<String> {
    let folder = tempfile::tempdir()?;
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("meshes/s4");
    for file in ["services.yaml", "weft.yaml"] {
        std::fs::copy(shop.join(file), folder.path().join(file))?;
    }
    std::fs::write(folder.path().join("details.yaml"), POLICY)?;
    let mut ports = Ports::new(None);
    let mesh = mesh::load(&[folder.path().to_owned()], &mut ports, &builtin)?;
    assert_eq!(mesh.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(), [""; 0]);
    let client = mesh.pods.iter().find(|pod| pod.workload == "pages").context("a pod of pages")?.outbound;
    let nowhere: LogSink = Arc::new(|_: &str, _| ());
    let running = DataPlane::start(&mesh, &mut ports, plane, LogLevel::Warn, &nowhere).await?;
    let mut said = String::new();
    let preflight = ("access-control-request-method", "PUT");
    let shop = ("origin", "https://www.shop.example");
    for (method, target, headers) in [
        ("GET", "details:9080/details/2", vec![]),
        ("GET", "details:9080/details/2", vec![shop]),
        ("GET", "details.default.svc.cluster.local:9080/details/2", vec![shop]),
        ("GET", "details:9080/details/2", vec![("origin", "https://www.shop.example.evil")]),
        ("OPTIONS", "details:9080/details/2", vec![shop, preflight]),
        ("OPTIONS", "details:9080/other", vec![shop, preflight]),
        ("OPTIONS", "pages:8080/details/2", vec![shop, preflight]),
    ] {
        let shown: String = headers.iter().map(|(_, value)| format!(" {value}")).collect();
        let (host, path) = target.split_once('/').context("a path")?;
        let asked = headers.into_iter().chain([("host", host)]);
        let headers: Vec<_> = asked.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let case = Case { method: method.to_owned(), headers, ..Case::get(&format!("/{path}")) };
        let answer = ask(client, &case).await.with_context(|| format!("{method} {target}"))?;
        said += &format!("{method} {target}{shown} => {}\n", answer.status);
        let of_cors = answer.headers.iter().filter(|(name, _)| name.starts_with("access-control-"));
        said.extend(of_cors.map(|(name, value)| format!("  {name}: {value}\n")));
    }
    running.stop().await;
    Ok(said)
}

#[tokio::test(flavor = "multi_thread")]
async fn sidecars_apply_the_policy_of_the_routes_that_they_take() -> anyhow::Result<()> {
    let embedded = answers(&Plane::Embedded).await?;
    insta::assert_snapshot!(embedded, @"
    GET details:9080/details/2 => 200
    GET details:9080/details/2 https://www.shop.example => 200
      access-control-allow-credentials: true
      access-control-allow-origin: https://www.shop.example
    GET details.default.svc.cluster.local:9080/details/2 https://www.shop.example => 200
      access-control-allow-credentials: true
      access-control-allow-origin: https://www.shop.example
    GET details:9080/details/2 https://www.shop.example.evil => 200
    OPTIONS details:9080/details/2 https://www.shop.example PUT => 200
      access-control-allow-credentials: true
      access-control-allow-methods: PUT
      access-control-allow-origin: https://www.shop.example
    OPTIONS details:9080/other https://www.shop.example PUT => 404
    OPTIONS pages:8080/details/2 https://www.shop.example PUT => 404
    ");
    if let Some(binary) = suite::parts::envoy() {
        assert_eq!(answers(&Plane::Envoy(binary)).await?, embedded);
    }
    Ok(())
}
