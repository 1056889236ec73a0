//! Registries that fail, refuse, limit, lie and forget: what the user is told, and that nothing is left half done.

#![allow(clippy::expect_used, reason = "a test may panic")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use oci::{Content, Layout, Module, Reference, RuntimeConfig, Words, pack};
use oci_registry::{Access, Cache, Login, Registry, Retries, SILENT};

use oci_registry::memory::{Answer, Contents, Instead, MemoryRegistry, Request};

/// What a registry does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing.
    None,
    /// Answers this status to so many requests of this method whose path contains this.
    Status { method: &'static str, path: &'static str, status: u16, times: usize },
    /// Closes the connection in the middle of so many uploads.
    HangUp { times: usize },
    /// Serves other bytes in the place of every blob.
    WrongBlob,
    /// Serves another manifest than the one that was pushed.
    WrongManifest,
    /// Takes a manifest and forgets it.
    Forgetful,
}

const OTHER_MANIFEST: &str = r#"{"schemaVersion":2,"config":{"mediaType":"a","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;

impl Fault {
    fn start(self) -> MemoryRegistry {
        let left = AtomicUsize::new(match self {
            Self::Status { times, .. } | Self::HangUp { times } => times,
            _ => usize::MAX,
        });
        let misbehave = move |request: &Request, _: &Contents| {
            let is_it = self.concerns(request);
            // Only what concerns it is counted.
            let once_more = |left: usize| left.checked_sub(1);
            let instead = is_it && left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, once_more).is_ok();
            instead.then(|| self.instead())
        };
        MemoryRegistry::start_with(misbehave).expect("a free port")
    }

    fn concerns(self, Request { method, path, .. }: &Request) -> bool {
        match self {
            Self::None => false,
            Self::Status { method: wanted, path: part, .. } => method == wanted && path.contains(part),
            Self::HangUp { .. } => method == "PATCH",
            Self::WrongBlob => method == "GET" && path.contains("/blobs/"),
            Self::WrongManifest | Self::Forgetful => method == "GET" && path.contains("/manifests/"),
        }
    }

    fn instead(self) -> Instead {
        let answer = |status, body: &str| Instead::Answer(Answer { status, location: None, body: body.into() });
        match self {
            Self::Status { status, .. } => answer(status, r#"{"errors":[{"code":"UNKNOWN","message":"not today"}]}"#),
            Self::HangUp { .. } => Instead::HangUp,
            Self::WrongManifest => answer(200, OTHER_MANIFEST),
            Self::Forgetful => answer(404, ""),
            Self::None | Self::WrongBlob => answer(200, "something else"),
        }
    }
}

/// The names under which there are manifests.
fn names(registry: &MemoryRegistry) -> Vec<String> {
    registry.look(|contents| contents.manifests.keys().cloned().collect())
}

/// How often this was asked for.
fn requests(registry: &MemoryRegistry, method: &str, path: &str) -> usize {
    let is_it = |request: &&String| request.starts_with(method) && request.contains(path);
    registry.look(|contents| contents.requests.iter().filter(is_it).count())
}

fn image() -> Content {
    let text = r#"(module (func (export "proxy_abi_version_0_2_1")))"#;
    let module = Module::read(wat::parse_str(text).expect("WebAssembly text")).expect("a module");
    let config = RuntimeConfig::new(module.abi_version(), vec!["root".to_owned()]);
    pack(&module, &config, Layout::Artifact, &Words::default()).expect("in memory")
}

fn access() -> Access {
    // Somebody, so that no configuration of this machine is asked.
    let login = Login::Password { username: "me".to_owned(), password: "secret".to_owned() };
    Access { login, plain_http: false, retries: Retries { most: 2, pause: Duration::from_millis(1) } }
}

fn reference(server: &MemoryRegistry) -> Reference {
    format!("{}/x:1", server.host()).parse().expect("a reference")
}

/// Pushes an image, and says what the user would be told without the port, which is another every time.
async fn pushed(server: &MemoryRegistry) -> Result<(), String> {
    let reference = reference(server);
    let registry = Registry::new(&reference, &access()).expect("credentials");
    let pushed = registry.push(&reference, &image(), SILENT).await;
    pushed.map_err(|error| error.to_string().replace(&server.host(), "r.test"))
}

#[tokio::test]
async fn what_was_pushed_is_pulled() {
    let server = Fault::None.start();
    assert_eq!(pushed(&server).await, Ok(()));
    let reference = reference(&server);
    let registry = Registry::new(&reference, &access()).expect("credentials");
    assert_eq!(registry.pull(&reference, SILENT).await.expect("the image"), image());
    let pinned = reference.at(image().digest());
    assert_eq!(registry.pull(&pinned, SILENT).await.expect("the image"), image());
}

#[tokio::test]
async fn what_is_there_is_not_sent_again() {
    let server = Fault::None.start();
    assert_eq!(pushed(&server).await, Ok(()));
    let uploads = requests(&server, "POST", "/uploads/");
    assert_eq!(pushed(&server).await, Ok(()));
    assert_eq!(requests(&server, "POST", "/uploads/"), uploads);
}

#[tokio::test]
async fn a_failure_that_passes_is_not_noticed() {
    let manifest = |status| Fault::Status { method: "PUT", path: "/manifests/", status, times: 2 };
    let upload = |status| Fault::Status { method: "POST", path: "/uploads/", status, times: 1 };
    for fault in [manifest(429), manifest(503), upload(500), Fault::HangUp { times: 1 }] {
        let server = fault.start();
        assert_eq!(pushed(&server).await, Ok(()), "{fault:?}");
    }
}

#[tokio::test]
async fn a_failure_that_stays_is_told_and_leaves_no_tag() {
    let status = |method, path, status| Fault::Status { method, path, status, times: usize::MAX };
    for (fault, expected) in [
        (
            status("POST", "/uploads/", 401),
            "r.test/x:1: expected to be let in, but the registry answered 401: not today\n  \
             say who you are: `docker login r.test`, or --username and --password-stdin",
        ),
        (
            status("POST", "/uploads/", 429),
            "r.test/x:1: expected the registry to take a layer, but it answered 429 3 times: not today",
        ),
        (
            status("PATCH", "/uploads/", 500),
            "r.test/x:1: expected the registry to take a layer, but it answered 500 3 times: not today",
        ),
        (
            status("PUT", "/manifests/", 503),
            "r.test/x:1: expected the registry to take the manifest, but it answered 503 3 times: not today",
        ),
        (
            status("PUT", "/manifests/", 400),
            "r.test/x:1: expected the registry to take the manifest, but it answered 400: not today",
        ),
    ] {
        let server = fault.start();
        assert_eq!(pushed(&server).await, Err(expected.to_owned()), "{fault:?}");
        assert_eq!(names(&server), [""; 0], "{fault:?}");
    }
    let server = Fault::HangUp { times: usize::MAX }.start();
    let error = pushed(&server).await.expect_err("no upload ever ends");
    assert!(error.starts_with("r.test/x:1: expected the registry to take a layer, but 3 times: "), "{error}");
    assert_eq!(names(&server), [""; 0]);
}

#[tokio::test]
async fn what_is_served_otherwise_than_it_was_pushed_is_told() {
    let server = Fault::WrongBlob.start();
    let error = pushed(&server).await.expect_err("other blobs");
    assert!(error.ends_with("do not trust it") && error.contains("expected content with the digest"), "{error}");
    let server = Fault::WrongManifest.start();
    let error = pushed(&server).await.expect_err("another manifest");
    assert!(error.contains("is missing") || error.contains("do not trust it"), "{error}");
    let server = Fault::Forgetful.start();
    let error = pushed(&server).await.expect_err("no manifest");
    assert!(error.contains("the registry has none by that name"), "{error}");
}

#[tokio::test]
async fn a_pinned_image_is_never_another_one() {
    let server = Fault::WrongManifest.start();
    let pinned = reference(&server).at(image().digest());
    let registry = Registry::new(&pinned, &access()).expect("credentials");
    let error = registry.pull(&pinned, SILENT).await.expect_err("another manifest").to_string();
    assert!(error.contains(&format!("expected content with the digest {}", image().digest())), "{error}");
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_told() {
    let address = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address")
    };
    let reference: Reference = format!("{address}/x:1").parse().expect("a reference");
    let registry = Registry::new(&reference, &access()).expect("credentials");
    let error = registry.pull(&reference, SILENT).await.expect_err("nobody").to_string();
    assert!(error.contains("expected the registry to serve a manifest, but 3 times: "), "{error}");
}

#[tokio::test]
async fn the_cache_asks_for_a_tag_and_never_again_for_a_digest() {
    let server = Fault::None.start();
    assert_eq!(pushed(&server).await, Ok(()));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = Cache::new(folder.path().join("images"));
    let (tagged, pinned) = (reference(&server), reference(&server).at(image().digest()));
    let blobs = || requests(&server, "GET", "/blobs/");
    let before = blobs();
    assert_eq!(cache.image(&tagged, &access(), SILENT).await.expect("pulled"), image());
    let pulled = blobs();
    assert!(pulled > before);
    let asked = requests(&server, "", "");
    assert_eq!(cache.image(&pinned, &access(), SILENT).await.expect("cached"), image());
    assert_eq!(requests(&server, "", ""), asked, "a digest that is there asks nobody");
    assert_eq!(cache.image(&tagged, &access(), SILENT).await.expect("cached"), image());
    assert_eq!(blobs(), pulled, "a tag asks for its digest alone");
}

#[tokio::test]
async fn a_broken_image_in_the_cache_is_pulled_again() {
    let server = Fault::None.start();
    assert_eq!(pushed(&server).await, Ok(()));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cache = Cache::new(folder.path());
    let pinned = reference(&server).at(image().digest());
    assert_eq!(cache.image(&pinned, &access(), SILENT).await.expect("pulled"), image());
    let blobs = folder.path().join(image().digest().hex()).join("blobs/sha256");
    for blob in std::fs::read_dir(blobs).expect("blobs").flatten() {
        std::fs::write(blob.path(), "broken").expect("a file");
    }
    assert_eq!(cache.image(&pinned, &access(), SILENT).await.expect("pulled again"), image());
}
