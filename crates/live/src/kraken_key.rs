//! A Kraken key: its signatures, and nonces that grow whoever uses it.
//!
//! The last nonce stands in the file `nonce` of the state directory, which is locked for each new
//! one: the session, its watchdog and a kill switch of another process share one row. A nonce is
//! the time in microseconds, or the last one and one more; so it also grows where no file was left,
//! unless the machine's clock went back. Beside it stands how full the counter of questions is and
//! when it was, so that a session that is started again and again does not fill it.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

use base64::engine::general_purpose::STANDARD;
use base64::Engine;
use py_rt_types::UnixNanos;
use py_rt_venues::kraken::counters::Counter;
use py_rt_venues::kraken::sign::Sign;
use ring::digest::{digest, SHA256};
use ring::hmac;
use rustix::fs::{flock, FlockOperation};
use zeroize::Zeroizing;

use crate::error::LiveError;
use crate::secret::Secret;

/// The file that holds the last nonce.
const FILE: &str = "nonce";
/// Digits of a number in the file: all of them are always written.
const WIDTH: usize = 20;
/// A nonce, the counter and its time, with a space behind each.
const LENGTH: usize = 3 * (WIDTH + 1);

/// See the module. Copies share one row of nonces; prints stars.
#[derive(Clone)]
pub struct KrakenKey {
    secret: Arc<Zeroizing<Vec<u8>>>,
    file: Arc<File>,
}

/// What the file holds.
#[derive(Debug, Clone, Copy, Default)]
struct Kept {
    nonce: u64,
    counter: (i64, UnixNanos),
}

impl Kept {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let mut numbers = text.split_ascii_whitespace();
        Some(Self {
            nonce: numbers.next()?.parse().ok()?,
            counter: (
                numbers.next()?.parse().ok()?,
                UnixNanos(numbers.next()?.parse().ok()?),
            ),
        })
    }

    fn line(&self) -> String {
        let (value, at) = self.counter;
        let at = at.0.max(0);
        format!("{:0WIDTH$} {value:0WIDTH$} {at:0WIDTH$}\n", self.nonce)
    }
}

impl std::fmt::Debug for KrakenKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KrakenKey(***)")
    }
}

impl KrakenKey {
    /// A key with this secret, as the venue gave it; its last nonce is kept in `folder`.
    ///
    /// # Errors
    /// [`LiveError::Config`] when the secret is none of Kraken's, [`LiveError::Journal`] when the
    /// file cannot be used.
    pub fn open(folder: &Path, secret: &Secret) -> Result<Self, LiveError> {
        let decoded = STANDARD.decode(secret.expose()).map(Zeroizing::new);
        let decoded = decoded.ok().filter(|bytes| !bytes.is_empty());
        let decoded = decoded.ok_or_else(|| {
            LiveError::Config(
                "the secret is no base64 text: copy the private key of Kraken's key page whole"
                    .to_string(),
            )
        })?;
        let place = folder.join(FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&place)
            .map_err(|error| LiveError::Journal(format!("`{}`: {error}", place.display())))?;
        Ok(Self {
            secret: Arc::new(decoded),
            file: Arc::new(file),
        })
    }

    /// Does something with what the file holds, and writes what comes of it.
    fn locked<T>(&self, act: impl FnOnce(&mut Kept) -> T) -> io::Result<T> {
        flock(&*self.file, FlockOperation::LockExclusive)?;
        let done = self.read().and_then(|mut kept| {
            let done = act(&mut kept);
            self.file.write_all_at(kept.line().as_bytes(), 0)?;
            Ok(done)
        });
        flock(&*self.file, FlockOperation::Unlock)?;
        done
    }

    fn read(&self) -> io::Result<Kept> {
        let mut bytes = [0; LENGTH];
        match self.file.read_exact_at(&mut bytes, 0) {
            // A file that holds something else was not written by us: nothing can be promised then.
            Ok(()) => Kept::parse(&bytes).ok_or(io::ErrorKind::InvalidData.into()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Kept::default()),
            Err(error) => Err(error),
        }
    }

    /// HMAC-SHA512.
    fn authenticate(&self, parts: [&[u8]; 2]) -> hmac::Tag {
        let key = hmac::Key::new(hmac::HMAC_SHA512, &self.secret);
        let mut made = hmac::Context::with_key(&key);
        parts.iter().for_each(|part| made.update(part));
        made.sign()
    }
}

impl Sign for KrakenKey {
    fn take(&mut self, now: UnixNanos, points: i64, questions: &mut Counter) -> Option<u64> {
        let taken = self.locked(|kept| {
            questions.set(now, kept.counter);
            questions.add(now, points);
            kept.counter = questions.shows();
            let micros = u64::try_from(now.0 / 1000).unwrap_or(0);
            kept.nonce = micros.max(kept.nonce.saturating_add(1));
            kept.nonce
        });
        taken.ok()
    }

    fn look(&self, now: UnixNanos, questions: &mut Counter) {
        if let Ok(kept) = self.read() {
            questions.set(now, kept.counter);
        }
    }

    fn tell(&mut self, questions: &Counter) {
        // Where it cannot be written no nonce is given either.
        let _told = self.locked(|kept| kept.counter = questions.shows());
    }

    fn sign(&mut self, path: &str, nonce: u64, form: &[u8], out: &mut Vec<u8>) {
        let message = [nonce.to_string().as_bytes(), form].concat();
        let hash = digest(&SHA256, &message);
        let signature = self.authenticate([path.as_bytes(), hash.as_ref()]);
        out.extend_from_slice(STANDARD.encode(signature).as_bytes());
    }
}

/// A name for the account of a key: the venue tells none.
#[must_use]
pub fn account_of(key_id: &str) -> String {
    let hash = digest(&SHA256, key_id.as_bytes());
    let hex = hash
        .as_ref()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"));
    format!("key-{}", hex.collect::<String>())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use py_rt_venues::kraken::counters::Tier;

    use super::*;
    use crate::journal::tests::Scratch;

    /// The example of the venue's documentation; the key is worthless.
    const SECRET: &str = "kQH5HW/8p1uGOVjbgWA7FunAmGO8lsSUXNsu3eow76sz84Q18fWxnyRzBHCd3pd5nE9qa99\
                          HAZtuZuj6F1huXg==";

    fn key(folder: &Path) -> KrakenKey {
        KrakenKey::open(folder, &Secret::new(SECRET.to_string())).unwrap()
    }

    #[test]
    fn the_documented_request_has_the_documented_signature() {
        let scratch = Scratch::new("kraken-sign");
        let form = "nonce=1616492376594&ordertype=limit&pair=XBTUSD&price=37500&type=buy&\
                    volume=1.25";
        let mut signature = Vec::new();
        let path = "/0/private/AddOrder";
        key(scratch.path()).sign(path, 1_616_492_376_594, form.as_bytes(), &mut signature);
        let expected = "4/dpxb3iT4tp/ZCVEwSnEsLxx0bqyhLpdfOpc6fn7OR8+UClSV5n9E6aSS8MPtnRfp32bAb0nm\
                        bRn6H8ndwLUQ==";
        assert_eq!(String::from_utf8(signature).unwrap(), expected);
        assert!(!format!("{:?}", key(scratch.path())).contains("kQH5"));
    }

    /// RFC 4231, test cases 2 and 6 (a key that is longer than the block).
    #[test]
    fn long_and_short_secrets_are_keyed_as_the_rfc_says() {
        let scratch = Scratch::new("kraken-hmac");
        let hash = |secret: &[u8], data: &[u8]| {
            let secret = Secret::new(STANDARD.encode(secret));
            let key = KrakenKey::open(scratch.path(), &secret).unwrap();
            let mac = key.authenticate([data, b""]);
            mac.as_ref()
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
        };
        let question = b"what do ya want for nothing?";
        assert_eq!(hash(b"Jefe", question), "164b7a7bfcf819e2");
        let text = b"Test Using Larger Than Block-Size Key - Hash Key First";
        assert_eq!(hash(&[0xaa; 131], text), "80b24263c7c1a3eb");
    }

    #[test]
    fn nonces_grow_across_keys_restarts_and_a_clock_that_goes_back() {
        let scratch = Scratch::new("kraken-nonce");
        let mut questions = Tier::Starter.questions();
        let (mut one, mut other) = (key(scratch.path()), key(scratch.path()));
        let now = UnixNanos(1_795_186_800_000_000_000);
        let mut last = 0;
        for _ in 0..50 {
            for key in [&mut one, &mut other] {
                let next = key.take(now, 0, &mut questions).unwrap();
                assert!(next > last);
                last = next;
            }
        }
        assert_eq!(last, 1_795_186_800_000_099);
        drop((one, other));
        let earlier = UnixNanos(now.0 - 3_600_000_000_000);
        let mut again = key(scratch.path());
        assert_eq!(again.take(earlier, 0, &mut questions), Some(last + 1));
        let nonsense = "no number at all, and as long as what stands there otherwise, or longer";
        std::fs::write(scratch.path().join(FILE), nonsense).unwrap();
        assert_eq!(key(scratch.path()).take(now, 0, &mut questions), None);
    }

    #[test]
    fn what_was_asked_is_known_to_the_next_process() {
        let scratch = Scratch::new("kraken-count");
        let now = UnixNanos(1_795_186_800_000_000_000);
        let mut questions = Tier::Starter.questions();
        for _ in 0..6 {
            key(scratch.path()).take(now, 2, &mut questions).unwrap();
        }
        let mut fresh = Tier::Starter.questions();
        assert_eq!(fresh.room_at(now, 4, None), UnixNanos::MIN);
        key(scratch.path()).look(now, &mut fresh);
        assert_eq!(fresh, questions);
        assert!(fresh.room_at(now, 4, None) > now);
        // A time that is still to come is now: a clock that went back does not stop a session.
        let earlier = UnixNanos(now.0 - 3_600_000_000_000);
        key(scratch.path()).look(earlier, &mut fresh);
        assert!(fresh.room_at(earlier, 4, None) < earlier.plus(4_000_000_000));
    }

    #[test]
    fn a_secret_of_another_venue_is_told() {
        let scratch = Scratch::new("kraken-secret");
        let refused = KrakenKey::open(scratch.path(), &Secret::new("not base64!".to_string()));
        assert_eq!(refused.unwrap_err().code(), "config");
    }
}
