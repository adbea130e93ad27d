//! A provider's public keys, and signatures by them (RFC 7515, 7517, 7518, 8037), verified by `ring`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;

/// Algorithms that are believed: those of a public key. `none`, and what a shared secret signs, are in no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub(super) fn parse(text: &str) -> Option<Algorithm> {
        match text {
            "RS256" => Some(Algorithm::Rs256),
            "RS384" => Some(Algorithm::Rs384),
            "RS512" => Some(Algorithm::Rs512),
            "PS256" => Some(Algorithm::Ps256),
            "PS384" => Some(Algorithm::Ps384),
            "PS512" => Some(Algorithm::Ps512),
            "ES256" => Some(Algorithm::Es256),
            "ES384" => Some(Algorithm::Es384),
            "EdDSA" => Some(Algorithm::EdDsa),
            _ => None,
        }
    }
}

/// A key as the provider publishes it.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<serde_json::Value>,
}

/// A public key.
enum Key {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

/// A key under its name, for one algorithm or all of its kind.
struct Named {
    kid: Option<String>,
    alg: Option<String>,
    key: Key,
}

/// The keys of a provider.
pub(super) struct Keys(Vec<Named>);

/// Most keys of one provider.
const MOST: usize = 64;

impl Keys {
    /// Reads a set; keys of kinds that are not used here are left out.
    pub(super) fn parse(text: &[u8]) -> Option<Keys> {
        let set: JwkSet = serde_json::from_slice(text).ok()?;
        let read = |value: &serde_json::Value| {
            let jwk = Jwk::deserialize(value).ok()?;
            let for_signing = jwk.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
            let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
            let point = |length: usize| {
                let (x, y) = (bytes(&jwk.x)?, bytes(&jwk.y)?);
                (x.len() == length && y.len() == length).then(|| [&[4], &x[..], &y].concat())
            };
            let key = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
                ("RSA", _) => Key::Rsa { n: bytes(&jwk.n)?, e: bytes(&jwk.e)? },
                ("EC", Some("P-256")) => Key::P256(point(32)?),
                ("EC", Some("P-384")) => Key::P384(point(48)?),
                ("OKP", Some("Ed25519")) => Key::Ed25519(bytes(&jwk.x)?),
                _ => return None,
            };
            for_signing.then_some(Named { kid: jwk.kid, alg: jwk.alg, key })
        };
        Some(Keys(set.keys.iter().take(MOST).filter_map(read).collect()))
    }

    /// Whether there is a key of a name.
    pub(super) fn has(&self, kid: &str) -> bool {
        self.0.iter().any(|named| named.kid.as_deref() == Some(kid))
    }

    /// Whether a message is signed by the key of a name, with an algorithm; without a name, by any key that fits.
    pub(super) fn verify(
        &self,
        kid: Option<&str>,
        (name, algorithm): (&str, Algorithm),
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let mut fitting = self.0.iter().filter(|named| {
            kid.is_none_or(|kid| named.kid.as_deref() == Some(kid))
                && named.alg.as_deref().is_none_or(|alg| alg == name)
        });
        fitting.any(|named| match (&named.key, algorithm) {
            (Key::Rsa { n, e }, algorithm) => rsa(algorithm).is_some_and(|parameters| {
                RsaPublicKeyComponents { n, e }.verify(parameters, message, signature).is_ok()
            }),
            (Key::P256(point), Algorithm::Es256) => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            (Key::P384(point), Algorithm::Es384) => {
                UnparsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).verify(message, signature).is_ok()
            }
            (Key::Ed25519(point), Algorithm::EdDsa) => {
                UnparsedPublicKey::new(&ED25519, point).verify(message, signature).is_ok()
            }
            _ => false,
        })
    }
}

/// What an algorithm of RSA keys is verified by: keys of 2048 to 8192 bits.
fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&RSA_PSS_2048_8192_SHA512),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => None,
    }
}
