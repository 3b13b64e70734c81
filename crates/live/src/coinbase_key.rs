//! A Coinbase key: a JWT for each call and each subscription.
//!
//! The secret is what the venue's key page gives: an EC key on P-256 as PEM (SEC 1, PKCS#8), or an
//! Ed25519 key as PEM (PKCS#8) or as base64 of its 32 bytes, with the public key behind them or
//! not. In an environment variable the line ends of a PEM text may be written as `\n`.
//!
//! Source: RFC 7515 and 7518 (JWS, ES256), RFC 8037 (EdDSA), RFC 5915 (EC keys), RFC 8410 and 5958
//! (PKCS#8); Coinbase, "CDP API key authentication".

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::Arc;

use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use base64::Engine;
use py_rt_types::UnixNanos;
use py_rt_venues::coinbase::sign::Sign;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{EcdsaKeyPair, Ed25519KeyPair, ECDSA_P256_SHA256_FIXED_SIGNING};
use zeroize::Zeroizing;

use crate::error::LiveError;
use crate::secret::Secret;

const SECOND_NS: i64 = 1_000_000_000;
/// Object identifiers in DER: P-256, and Ed25519.
const P256: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const ED25519: [u8; 5] = [0x06, 0x03, 0x2b, 0x65, 0x70];
/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BITS: u8 = 0x03;
const OCTETS: u8 = 0x04;
const PARAMETERS: u8 = 0xa0;
const PUBLIC_KEY: u8 = 0xa1;

/// See the module. Copies share what is known of the venue's clock; prints stars.
#[derive(Clone)]
pub struct CoinbaseKey(Arc<Inner>);

struct Inner {
    name: Zeroizing<String>,
    pair: Pair,
    random: SystemRandom,
    /// The venue's clock less ours.
    offset_ns: AtomicI64,
}

enum Pair {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl std::fmt::Debug for CoinbaseKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CoinbaseKey(***)")
    }
}

impl CoinbaseKey {
    /// The key of this name with this secret.
    ///
    /// # Errors
    /// [`LiveError::Config`] when they are none of Coinbase's.
    pub fn open(name: &Secret, secret: &Secret) -> Result<Self, LiveError> {
        let name = Zeroizing::new(name.expose().to_string());
        let odd = |byte: u8| !(b' '..0x7f).contains(&byte) || matches!(byte, b'"' | b'\\');
        if name.is_empty() || name.bytes().any(odd) {
            return Err(LiveError::Config(
                "the key is no name of a key: copy it whole, as in \
                 `organizations/…/apiKeys/…`"
                    .to_string(),
            ));
        }
        let random = SystemRandom::new();
        let pair = read_pair(secret.expose(), &random).ok_or_else(|| {
            LiveError::Config(
                "the secret is no private key of Coinbase's: copy it whole, PEM text of a P-256 \
                 key with its public key in it, or base64 of an Ed25519 key"
                    .to_string(),
            )
        })?;
        Ok(Self(Arc::new(Inner {
            name,
            pair,
            random,
            offset_ns: AtomicI64::new(0),
        })))
    }

    /// A token with a nonce that is given.
    fn token_with(
        &self,
        nonce: [u8; 16],
        (now, lifetime_s): (UnixNanos, u32),
        call: Option<&str>,
    ) -> Option<String> {
        let Inner { name, pair, .. } = &*self.0;
        let algorithm = match pair {
            Pair::P256(_) => "ES256",
            Pair::Ed25519(_) => "EdDSA",
        };
        let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
        let header = format!(
            "{{\"alg\":\"{algorithm}\",\"kid\":\"{}\",\"nonce\":\"{nonce}\",\"typ\":\"JWT\"}}",
            name.as_str()
        );
        let offset_ns = self.0.offset_ns.load(Ordering::Relaxed);
        let begins = now.plus(offset_ns).0.div_euclid(SECOND_NS);
        let ends = begins + i64::from(lifetime_s);
        let call = call.map_or(String::new(), |call| format!(",\"uri\":\"{call}\""));
        let claims = format!(
            "{{\"sub\":\"{}\",\"iss\":\"cdp\",\"nbf\":{begins},\"exp\":{ends}{call}}}",
            name.as_str()
        );
        let mut token = URL_SAFE_NO_PAD.encode(header);
        token.push('.');
        token.push_str(&URL_SAFE_NO_PAD.encode(claims));
        let signed = match pair {
            Pair::P256(pair) => {
                let signed = pair.sign(&self.0.random, token.as_bytes()).ok()?;
                URL_SAFE_NO_PAD.encode(signed)
            }
            Pair::Ed25519(pair) => URL_SAFE_NO_PAD.encode(pair.sign(token.as_bytes())),
        };
        token.push('.');
        token.push_str(&signed);
        Some(token)
    }
}

impl Sign for CoinbaseKey {
    fn token(
        &mut self,
        now: UnixNanos,
        call: Option<&str>,
        lifetime_s: u32,
        out: &mut Vec<u8>,
    ) -> bool {
        let mut nonce = [0; 16];
        if self.0.random.fill(&mut nonce).is_err() {
            return false;
        }
        let made = self.token_with(nonce, (now, lifetime_s), call);
        made.is_some_and(|token| {
            out.extend_from_slice(token.as_bytes());
            true
        })
    }

    fn correct(&mut self, offset_ns: i64) {
        self.0.offset_ns.store(offset_ns, Ordering::Relaxed);
    }
}

fn read_pair(secret: &str, random: &SystemRandom) -> Option<Pair> {
    let text = Zeroizing::new(secret.replace("\\n", "\n"));
    let text = text.trim();
    let Some(rest) = text.strip_prefix("-----BEGIN ") else {
        return read_raw(&decode(text)?);
    };
    let (kind, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let bytes = decode(body)?;
    match kind {
        "EC PRIVATE KEY" => read_ec(&bytes, random),
        "PRIVATE KEY" => read_pkcs8(&bytes, random),
        _ => None,
    }
}

/// Base64 with whatever line ends.
fn decode(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let plain: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
    STANDARD.decode(plain.as_bytes()).ok().map(Zeroizing::new)
}

/// An Ed25519 key as bytes: the seed, and the public key where it is there.
fn read_raw(bytes: &[u8]) -> Option<Pair> {
    let pair = match bytes.len() {
        32 => Ed25519KeyPair::from_seed_unchecked(bytes),
        64 => {
            let (seed, public) = bytes.split_at(32);
            Ed25519KeyPair::from_seed_and_public_key(seed, public)
        }
        _ => return None,
    };
    pair.ok().map(Pair::Ed25519)
}

fn read_pkcs8(bytes: &[u8], random: &SystemRandom) -> Option<Pair> {
    let mut fields = Der(Der(bytes).take(SEQUENCE)?);
    fields.take(INTEGER)?;
    let algorithm = fields.take(SEQUENCE)?;
    let inner = fields.take(OCTETS)?;
    if algorithm.starts_with(&ED25519) {
        return read_raw(Der(inner).take(OCTETS)?);
    }
    // The curve stands here and is left out in the key itself.
    algorithm.ends_with(&P256).then(|| read_ec(inner, random))?
}

fn read_ec(bytes: &[u8], random: &SystemRandom) -> Option<Pair> {
    let mut fields = Der(Der(bytes).take(SEQUENCE)?);
    fields.take(INTEGER)?;
    let private = fields.take(OCTETS)?;
    if let Some(curve) = fields.take(PARAMETERS) {
        if curve != P256 {
            return None;
        }
    }
    let public = Der(fields.take(PUBLIC_KEY)?).take(BITS)?;
    let public = public.strip_prefix(&[0])?;
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, private, public, random);
    pair.ok().map(Pair::P256)
}

/// A cursor over DER.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The contents of the next value, if it bears this tag.
    fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let rest = self.0.strip_prefix(&[tag])?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => {
                let (&length, rest) = rest.split_first()?;
                (usize::from(length), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
pub(crate) mod tests {
    use ring::signature::{UnparsedPublicKey, ECDSA_P256_SHA256_FIXED, ED25519 as VERIFY_ED25519};

    use super::*;

    pub(crate) const NAME: &str = "organizations/00000000-0000-4000-8000-000000000000/apiKeys/\
                        11111111-1111-4111-8111-111111111111";
    /// RFC 8032, test 1.
    const SEED: &str = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
    const PUBLIC: &str = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    /// RFC 8410, 10.3: an Ed25519 key; RFC 6979, A.2.5, as SEC 1 and as PKCS#8 of a P-256 key.
    pub(crate) const PKCS8_ED: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
        -----END PRIVATE KEY-----\n";
    const PRIVATE: &str = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
    const X: &str = "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6";
    const Y: &str = "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299";

    fn hex(text: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }

    fn value(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = u8::try_from(contents.len()).unwrap();
        let long: &[u8] = if length < 0x80 { &[] } else { &[0x81] };
        [&[tag], long, &[length], contents].concat()
    }

    fn public() -> Vec<u8> {
        [vec![4], hex(X), hex(Y)].concat()
    }

    fn ec_key(curve: &[u8]) -> Vec<u8> {
        let point = value(BITS, &[vec![0], public()].concat());
        let mut fields = [value(INTEGER, &[1]), value(OCTETS, &hex(PRIVATE))].concat();
        if !curve.is_empty() {
            fields.extend(value(PARAMETERS, curve));
        }
        fields.extend(value(PUBLIC_KEY, &point));
        value(SEQUENCE, &fields)
    }

    fn pem(kind: &str, der: &[u8]) -> String {
        let body = STANDARD.encode(der);
        let (first, second) = body.split_at(64);
        format!("-----BEGIN {kind}-----\n{first}\n{second}\n-----END {kind}-----\n")
    }

    fn sec1() -> String {
        pem("EC PRIVATE KEY", &ec_key(&P256))
    }

    fn pkcs8() -> String {
        let ec = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
        let algorithm = value(SEQUENCE, &[&ec[..], &P256].concat());
        let fields = [value(INTEGER, &[0]), algorithm, value(OCTETS, &ec_key(&[]))];
        pem("PRIVATE KEY", &value(SEQUENCE, &fields.concat()))
    }

    fn open(secret: &str) -> Result<CoinbaseKey, LiveError> {
        let name = Secret::new(NAME.to_string());
        CoinbaseKey::open(&name, &Secret::new(secret.to_string()))
    }

    fn nonce() -> [u8; 16] {
        std::array::from_fn(|place| place as u8)
    }

    const AT: UnixNanos = UnixNanos(1_795_186_800_900_000_000);

    #[test]
    fn the_token_of_the_reference_is_made() {
        let call = "GET api.coinbase.com/api/v3/brokerage/accounts";
        let key = open(SEED).unwrap();
        let made = key.token_with(nonce(), (AT, 120), Some(call)).unwrap();
        // Computed from the seed of the RFC by another library.
        assert!(made.starts_with("eyJhbGciOiJFZERTQSIsImtpZCI6Im9yZ2FuaXphdGlvbnMv"));
        assert!(made.ends_with(
            ".l8fDrXk3-7jQp-G8w_6WJRIGD1iUpY4HbxFfKBnlZcosLtHQ3wEGHpChtv8oZmBy2-jpRUqvI7YSiJ6-\
             grhXBw"
        ));
        let made = key.token_with(nonce(), (AT, 120), None).unwrap();
        assert!(made.ends_with(
            ".SSQiXXyrxu4Rs4lTw13EIzkhQBOcAI1uUmsDLFTeTW0zZVH4s9rgbAmig1oj-uPmpfsSOZudrifELv-\
             V_FtVAA"
        ));
        assert!(!format!("{key:?}").contains("org"));
    }

    fn assert_signed(
        secret: &str,
        public: &[u8],
        verify: &'static dyn ring::signature::VerificationAlgorithm,
    ) {
        let mut key = open(secret).unwrap();
        let mut token = Vec::new();
        assert!(key.token(AT, Some("POST h/orders"), 10, &mut token));
        let token = String::from_utf8(token).unwrap();
        let (message, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let checked = UnparsedPublicKey::new(verify, public);
        checked.verify(message.as_bytes(), &signature).unwrap();
        let claims = URL_SAFE_NO_PAD
            .decode(message.split_once('.').unwrap().1)
            .unwrap();
        let claims = String::from_utf8(claims).unwrap();
        assert!(claims.contains("\"nbf\":1795186800,\"exp\":1795186810,\"uri\":\"POST h/orders\""));
        let mut again = Vec::new();
        assert!(key.token(AT, Some("POST h/orders"), 10, &mut again));
        assert_ne!(token.as_bytes(), again, "a token is for one call");
        key.clone().correct(60 * SECOND_NS);
        again.clear();
        assert!(key.token(AT, None, 120, &mut again));
        let text = String::from_utf8(again).unwrap();
        let claims = URL_SAFE_NO_PAD
            .decode(text.split('.').nth(1).unwrap())
            .unwrap();
        let claims = String::from_utf8(claims).unwrap();
        assert!(
            claims.ends_with("\"nbf\":1795186860,\"exp\":1795186980}"),
            "{claims}"
        );
    }

    #[test]
    fn every_form_of_a_secret_signs() {
        for secret in [
            sec1(),
            pkcs8(),
            sec1().replace('\n', "\\n"),
            pkcs8().replace('\n', "\r\n"),
        ] {
            assert_signed(&secret, &public(), &ECDSA_P256_SHA256_FIXED);
        }
        let public = STANDARD.decode(PUBLIC).unwrap();
        let both = STANDARD.encode([STANDARD.decode(SEED).unwrap(), public.clone()].concat());
        for secret in [SEED.to_string(), both, format!("{SEED}\n")] {
            assert_signed(&secret, &public, &VERIFY_ED25519);
        }
        let listed = hex("19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1");
        assert_signed(PKCS8_ED, &listed, &VERIFY_ED25519);
    }

    #[test]
    fn a_secret_of_another_venue_is_told() {
        let public = STANDARD.decode(PUBLIC).unwrap();
        let torn = STANDARD.encode([public.clone(), public].concat());
        let other_curve = pem("EC PRIVATE KEY", &ec_key(&ED25519));
        let mut half = ec_key(&P256);
        half.truncate(40);
        for secret in [
            "",
            "not base64!",
            "bm90IHRoZSBzZWNyZXQ=",
            &torn,
            &other_curve,
            &pem("RSA PRIVATE KEY", &ec_key(&P256)),
            &pem("PRIVATE KEY", &ec_key(&P256)),
            &pem("EC PRIVATE KEY", &half.repeat(2)),
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert_eq!(open(secret).unwrap_err().code(), "config", "{secret}");
        }
        let name = Secret::new("a\"b".to_string());
        let refused = CoinbaseKey::open(&name, &Secret::new(SEED.to_string()));
        assert_eq!(refused.unwrap_err().code(), "config");
    }
}
