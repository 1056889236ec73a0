//! What each consumer says to an image: whether it would find a module in it, and if not, in its own words why not.
//!
//! The rules are those of the consumers' sources: `pkg/wasm` of Istio (`imagefetcher.go`, `cache.go`), `internal/wasm` of Envoy
//! Gateway, `tools/wasme/pkg/pull` of solo.io's wasme for ASM, whose own fetcher is closed, and the crate `oci-wasm` for CNCF's TAG
//! Runtime. Nothing is fetched: an image is judged as it lies in memory.

mod cncf;
mod find;
mod istio;
mod wasme;

use std::fmt;

use crate::content::Content;
use crate::digest::Digest;
use crate::module::{LARGE_BYTES, Module, Reason};

pub use find::{Found, find_module};

/// Who pulls images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consumer {
    /// Istio's agent beside each proxy: WasmPlugin, TrafficExtension, EnvoyFilter.
    Istio,
    /// Envoy Gateway's controller: EnvoyExtensionPolicy.
    EnvoyGateway,
    /// Alibaba Cloud Service Mesh: ASMFilterDeployment.
    Asm,
    /// Runtimes that follow CNCF's TAG Runtime: wasmCloud, Spin, containerd.
    Cncf,
}

/// How a consumer found the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// By the media type of a layer that is the module itself.
    Artifact,
    /// As `plugin.wasm` in the last layer of a container image.
    Image,
    /// The same in Docker's own media types.
    Docker,
    /// As CNCF's TAG Runtime has it.
    Cncf,
}

/// An image that a consumer takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// How the module was found.
    pub via: Via,
    /// What the consumer runs.
    pub module: Vec<u8>,
    /// The digest of the manifest that was chosen: what `sha256` means beside `oci://`.
    pub manifest: Digest,
    /// What the user should know all the same.
    pub warnings: Vec<String>,
}

/// An image that a consumer does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Who does not.
    pub consumer: Consumer,
    /// What it says.
    pub words: String,
    /// What that means and what to do.
    pub advice: Vec<String>,
}

/// An image and how it was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The image.
    pub content: &'a Content,
    /// Its URL or name, which some consumers name in what they say.
    pub url: &'a str,
    /// What `sha256`, or the URL after `@`, says that the image's digest is.
    pub pin: Option<&'a Digest>,
}

/// What a consumer says to an image.
pub fn verify(question: Question<'_>, consumer: Consumer) -> Result<Accepted, Refused> {
    let judged = match consumer {
        Consumer::Istio | Consumer::EnvoyGateway => istio::verify(question, consumer),
        Consumer::Asm => wasme::verify(question),
        Consumer::Cncf => cncf::verify(question),
    };
    judged
        .map(|mut accepted| {
            accepted.warnings.extend(warnings(&accepted.module, consumer));
            accepted
        })
        .map_err(|Refusal { words, advice }| {
            let mut advice = vec![advice];
            advice.extend(repair(question.content, consumer));
            Refused { consumer, words, advice }
        })
}

/// The words of a consumer and what they mean.
struct Refusal {
    words: String,
    advice: String,
}

impl Refusal {
    fn new(words: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { words: words.into(), advice: advice.into() }
    }
}

/// What could be made of an image that is refused, for the one that refuses it: no layout is taken by proxies and by CNCF's
/// runtimes alike.
fn repair(content: &Content, consumer: Consumer) -> Option<String> {
    let Found { module, place } = find_module(content)?;
    Some(match (Module::read(module), consumer) {
        (Err(refusal), _) => format!("what is {place} is no module that a proxy would run: {refusal}"),
        (Ok(_), Consumer::Cncf) => format!(
            "the module is {place}: `weft-oci pull FROM -o plugin.wasm`, then `weft-oci push plugin.wasm TO --layout cncf` makes an \
             image of it that these runtimes take, and no proxy"
        ),
        (Ok(_), _) => {
            format!("the module is {place}: `weft-oci copy FROM TO --fix` makes an image of it that every proxy takes")
        }
    })
}

fn warnings(module: &[u8], consumer: Consumer) -> Vec<String> {
    let mut warnings = Vec::new();
    if module.len() as u64 > LARGE_BYTES {
        warnings.push(format!(
            "the module has {} bytes: {consumer} must pull it within its deadline (Istio's is 30 s, 5 s for an EnvoyFilter without a timeout)",
            module.len()
        ));
    }
    let refusal = Module::read(module.to_vec()).err().filter(|_| consumer != Consumer::Cncf);
    let reasons = refusal.map(|refusal| refusal.0).unwrap_or_default();
    warnings.extend(
        reasons.iter().map(|reason: &Reason| format!("it is pulled, but the proxy would not run it: {reason}")),
    );
    warnings
}

impl Consumer {
    /// Every consumer.
    pub const ALL: [Self; 4] = [Self::Istio, Self::EnvoyGateway, Self::Asm, Self::Cncf];
}

impl fmt::Display for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Istio => "Istio",
            Self::EnvoyGateway => "Envoy Gateway",
            Self::Asm => "ASM",
            Self::Cncf => "a runtime of CNCF's TAG Runtime",
        })
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Artifact => "as a layer of its own",
            Self::Image => "as plugin.wasm in a container image",
            Self::Docker => "as plugin.wasm in a Docker image",
            Self::Cncf => "as CNCF's TAG Runtime has it",
        })
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} refuses it", self.consumer)?;
        self.words
            .lines()
            .filter(|line| !line.trim().is_empty())
            .try_for_each(|line| write!(f, "\n  says: {}", line.trim()))?;
        self.advice.iter().flat_map(|advice| advice.lines()).try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl std::error::Error for Refused {}
