//! Signatures as cosign makes them: an ECDSA signature (P-256, SHA-256) over a payload that names the image's digest.
//!
//! The signatures of an image are an image themselves, under the tag `sha256-<digits>.sig`: each layer is a payload, with its
//! signature as an annotation. This is the form that every version of cosign checks and every registry can hold. Sources:
//! cosign's SIGNATURE_SPEC and the "simple signing" payload of containers/image. Keys are cosign's own encrypted ones or plain
//! PKCS#8.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::Aead;
use crypto_secretbox::{KeyInit, XSalsa20Poly1305};
use oci::{Content, Descriptor, Digest, Manifest, Reference, Root, media_type};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde::{Deserialize, Serialize};
use serde_json::json;

const PAYLOAD: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ANNOTATION: &str = "dev.cosignproject.cosign/signature";
const KIND: &str = "cosign container image signature";

/// Why a key cannot be used or a signature is not good.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// The file is no key of a known form.
    #[error("expected {expected} in PEM, but found {found}")]
    NoKey {
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// The password is wrong, or the file is broken.
    #[error("expected the password of the key in COSIGN_PASSWORD, but it does not open it")]
    WrongPassword,
    /// The system gives no randomness.
    #[error("expected randomness from the system, but found none")]
    NoRandomness,
    /// There are signatures, and none of them is by this key and for this image.
    #[error("expected a signature of {image} by this key, but found {found}")]
    NoneGood {
        /// The image's digest.
        image: Digest,
        /// What there is.
        found: String,
    },
}

/// What a signature is over.
#[derive(Debug, Serialize, Deserialize)]
struct Payload {
    critical: Critical,
    optional: Option<serde_json::Value>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Critical {
    identity: Identity,
    image: Image,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Identity {
    docker_reference: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Image {
    docker_manifest_digest: Digest,
}

/// Who signs.
pub struct PrivateKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

/// Whose signatures are believed.
pub struct PublicKey(Vec<u8>);

/// cosign's envelope of an encrypted key.
#[derive(Deserialize)]
struct Encrypted {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Deserialize)]
struct Kdf {
    name: String,
    params: ScryptParameters,
    salt: String,
}

#[derive(Deserialize)]
struct ScryptParameters {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

impl PrivateKey {
    /// Reads a key: cosign's `cosign.key`, which a password opens, or PKCS#8.
    pub fn read(pem: &str, password: &str) -> Result<Self, SignatureError> {
        let expected = "a private key of cosign or in PKCS#8";
        let (label, body) = block(pem).ok_or_else(|| no_key(expected, pem))?;
        let pkcs8 = match label {
            "PRIVATE KEY" => body,
            "ENCRYPTED SIGSTORE PRIVATE KEY" | "ENCRYPTED COSIGN PRIVATE KEY" => decrypt(&body, password)?,
            other => return Err(SignatureError::NoKey { expected, found: format!("a block {other:?}") }),
        };
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8, &random).map_err(|error| {
            SignatureError::NoKey { expected: "a key for ECDSA on P-256", found: error.to_string() }
        })?;
        Ok(Self { pair, random })
    }

    /// Whose signatures the other half of this key believes.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.pair.public_key().as_ref().to_vec())
    }

    fn sign(&self, payload: &[u8]) -> Result<String, SignatureError> {
        let signature = self.pair.sign(&self.random, payload).map_err(|_| SignatureError::NoRandomness)?;
        Ok(STANDARD.encode(signature))
    }
}

/// `SubjectPublicKeyInfo` of a point on P-256 up to the point: the algorithm identifiers id-ecPublicKey and prime256v1 (RFC 5480).
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

impl PublicKey {
    /// Reads `cosign.pub`.
    pub fn read(pem: &str) -> Result<Self, SignatureError> {
        let expected = "a public key for ECDSA on P-256";
        let (label, body) = block(pem).ok_or_else(|| no_key(expected, pem))?;
        let point = body.strip_prefix(SPKI.as_slice()).filter(|point| label == "PUBLIC KEY" && point.len() == 65);
        let found = || SignatureError::NoKey { expected, found: format!("a block {label:?} of another form") };
        point.map(|point| Self(point.to_vec())).ok_or_else(found)
    }

    fn believes(&self, payload: &[u8], signature: &str) -> bool {
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &self.0);
        STANDARD.decode(signature).is_ok_and(|signature| key.verify(payload, &signature).is_ok())
    }
}

/// The tag under which the signatures of an image are.
pub fn tag(image: &Digest) -> String {
    format!("sha256-{}.sig", image.hex())
}

/// The signatures of an image with one more, in place of those that the same key made before.
pub fn sign(
    reference: &Reference,
    image: &Digest,
    key: &PrivateKey,
    others: Option<&Content>,
) -> Result<Content, SignatureError> {
    let payload = Payload {
        critical: Critical {
            identity: Identity { docker_reference: reference.name() },
            image: Image { docker_manifest_digest: image.clone() },
            kind: KIND.to_owned(),
        },
        optional: None,
    };
    let payload = serde_json::to_vec(&payload).unwrap_or_default();
    let mut content = Content::new(media_type::IMAGE_MANIFEST, Vec::new());
    let mut layers = Vec::new();
    let public = key.public();
    for (layer, payload) in others.into_iter().flat_map(signatures) {
        if !public.believes(payload, annotation(&layer)) {
            content.insert(payload.to_vec());
            layers.push(layer);
        }
    }
    let signature = key.sign(&payload)?;
    let mut layer = content.add(PAYLOAD, payload);
    layer.annotations.insert(ANNOTATION.to_owned(), signature);
    layers.push(layer);
    let diff_ids: Vec<_> = layers.iter().map(|layer| &layer.digest).collect();
    let config =
        json!({"architecture": "", "os": "", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let config = content.add(media_type::IMAGE_CONFIG, config.to_string().into_bytes());
    content.root = serde_json::to_vec(&Manifest::new(config, layers)).unwrap_or_default();
    Ok(content)
}

/// Whether one of the signatures is by this key and for this image.
pub fn verify(image: &Digest, key: &PublicKey, content: &Content) -> Result<(), SignatureError> {
    let found = signatures(content);
    let is_good = found.iter().any(|(layer, payload)| {
        let about: Option<Payload> = serde_json::from_slice(payload).ok();
        let is_about_it = about.is_some_and(|payload| {
            payload.critical.kind == KIND && payload.critical.image.docker_manifest_digest == *image
        });
        is_about_it && key.believes(payload, annotation(layer))
    });
    match is_good {
        true => Ok(()),
        false => {
            let found = format!("{} by others or for other images", found.len());
            Err(SignatureError::NoneGood { image: image.clone(), found })
        }
    }
}

/// Each layer that is a signature, with its payload.
fn signatures(content: &Content) -> Vec<(Descriptor, &[u8])> {
    let Ok(Root::Manifest(manifest)) = content.read() else { return Vec::new() };
    let layers = manifest.layers.into_iter().filter(|layer| layer.media_type == PAYLOAD);
    layers.filter_map(|layer| content.blob(&layer.digest).map(|payload| (layer, payload))).collect()
}

fn annotation(layer: &Descriptor) -> &str {
    layer.annotations.get(ANNOTATION).map(String::as_str).unwrap_or_default()
}

/// The first block of a PEM file (RFC 7468): its label and its bytes.
fn block(pem: &str) -> Option<(&str, Vec<u8>)> {
    let (_, rest) = pem.split_once("-----BEGIN ")?;
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let base64: String = body.split_whitespace().collect();
    Some((label, STANDARD.decode(base64).ok()?))
}

fn no_key(expected: &'static str, text: &str) -> SignatureError {
    let found = if text.trim().is_empty() { "nothing" } else { "something else" };
    SignatureError::NoKey { expected, found: found.to_owned() }
}

fn decrypt(envelope: &[u8], password: &str) -> Result<Vec<u8>, SignatureError> {
    let expected = "a private key of cosign (scrypt, nacl/secretbox)";
    let unknown = |found: String| SignatureError::NoKey { expected, found };
    let Encrypted { kdf, cipher, ciphertext } =
        serde_json::from_slice(envelope).map_err(|error| unknown(error.to_string()))?;
    if (kdf.name.as_str(), cipher.name.as_str()) != ("scrypt", "nacl/secretbox") {
        return Err(unknown(format!("{} and {}", kdf.name, cipher.name)));
    }
    let bytes = |text: &str| STANDARD.decode(text).map_err(|error| unknown(error.to_string()));
    let (salt, nonce, ciphertext) = (bytes(&kdf.salt)?, bytes(&cipher.nonce)?, bytes(&ciphertext)?);
    let ScryptParameters { n, r, p } = kdf.params;
    // cosign's own are N = 2¹⁶; a file that asks for much more is to keep this machine busy.
    let log_n =
        u8::try_from(n.trailing_zeros()).ok().filter(|log| n.is_power_of_two() && *log <= 20 && r <= 16 && p <= 16);
    let parameters = log_n.and_then(|log_n| scrypt::Params::new(log_n, r, p, 32).ok());
    let parameters = parameters.ok_or_else(|| unknown(format!("scrypt with N {n}, r {r}, p {p}")))?;
    let mut key = [0; 32];
    scrypt::scrypt(password.as_bytes(), &salt, &parameters, &mut key).map_err(|error| unknown(error.to_string()))?;
    let nonce: [u8; 24] = nonce.try_into().map_err(|_| unknown("a nonce of another length".to_owned()))?;
    let opened = XSalsa20Poly1305::new(&key.into()).decrypt(&nonce.into(), ciphertext.as_slice());
    opened.map_err(|_| SignatureError::WrongPassword)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pkcs8() -> Vec<u8> {
        let pair =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).expect("randomness");
        pair.as_ref().to_vec()
    }

    fn pem(label: &str, body: &[u8]) -> String {
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(body))
    }

    fn key() -> PrivateKey {
        PrivateKey::read(&pem("PRIVATE KEY", &pkcs8()), "").expect("a key")
    }

    fn reference() -> Reference {
        "r.test/team/x:1".parse().expect("a reference")
    }

    #[test]
    fn a_signature_is_good_for_its_image_and_its_key_alone() {
        let (key, image) = (key(), Digest::of(b"image"));
        let content = sign(&reference(), &image, &key, None).expect("a signature");
        assert!(verify(&image, &key.public(), &content).is_ok());
        let other_image = verify(&Digest::of(b"other"), &key.public(), &content).expect_err("another image");
        assert!(other_image.to_string().ends_with("found 1 by others or for other images"), "{other_image}");
        assert!(verify(&image, &self::key().public(), &content).is_err(), "another key");
    }

    #[test]
    fn others_signatures_stay_and_ones_own_is_replaced() {
        let (mine, other, image) = (key(), key(), Digest::of(b"image"));
        let first = sign(&reference(), &image, &other, None).expect("a signature");
        let second = sign(&reference(), &image, &mine, Some(&first)).expect("a second");
        let third = sign(&reference(), &image, &mine, Some(&second)).expect("the second again");
        for key in [&mine, &other] {
            assert!(verify(&image, &key.public(), &third).is_ok());
        }
        assert_eq!(signatures(&third).len(), 2);
    }

    #[test]
    fn the_payload_is_the_one_that_cosign_reads() {
        let image = Digest::of(b"image");
        let content = sign(&reference(), &image, &key(), None).expect("a signature");
        let payload = String::from_utf8(signatures(&content)[0].1.to_vec()).expect("text");
        insta::assert_snapshot!(payload, @r#"{"critical":{"identity":{"docker-reference":"r.test/team/x"},"image":{"docker-manifest-digest":"sha256:6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d"},"type":"cosign container image signature"},"optional":null}"#);
        insta::assert_snapshot!(tag(&image), @"sha256-6105d6cc76af400325e94d588ce511be5bfdbb73b437dc51eca43917d7a43e3d.sig");
    }

    #[test]
    fn an_encrypted_key_is_opened_by_its_password() {
        let (salt, nonce) = ([7; 32], [9; 24]);
        let mut secret = [0; 32];
        let parameters = scrypt::Params::new(4, 8, 1, 32).expect("parameters");
        scrypt::scrypt(b"secret", &salt, &parameters, &mut secret).expect("a key");
        let sealed = XSalsa20Poly1305::new(&secret.into()).encrypt(&nonce.into(), pkcs8().as_slice()).expect("sealed");
        let [salt, nonce, ciphertext] = [&salt[..], &nonce, &sealed].map(|bytes| STANDARD.encode(bytes));
        let envelope = json!({"kdf": {"name": "scrypt", "params": {"N": 16, "r": 8, "p": 1}, "salt": salt},
            "cipher": {"name": "nacl/secretbox", "nonce": nonce}, "ciphertext": ciphertext});
        let pem = pem("ENCRYPTED SIGSTORE PRIVATE KEY", envelope.to_string().as_bytes());
        assert!(PrivateKey::read(&pem, "secret").is_ok());
        assert!(matches!(PrivateKey::read(&pem, "guess"), Err(SignatureError::WrongPassword)));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for text in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            assert!(matches!(PrivateKey::read(text, ""), Err(SignatureError::NoKey { .. })), "{text}");
            assert!(matches!(PublicKey::read(text), Err(SignatureError::NoKey { .. })), "{text}");
        }
        let envelope = json!({"kdf": {"name": "scrypt", "params": {"N": 1_u64 << 40, "r": 8, "p": 1}, "salt": ""},
            "cipher": {"name": "nacl/secretbox", "nonce": ""}, "ciphertext": ""});
        let pem = pem("ENCRYPTED SIGSTORE PRIVATE KEY", envelope.to_string().as_bytes());
        assert!(matches!(PrivateKey::read(&pem, ""), Err(SignatureError::NoKey { .. })));
    }
}
