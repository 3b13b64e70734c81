//! Who a signed request comes from, and whether it comes in time.
//!
//! Times are accepted by two clocks: the venue's, which may stand anywhere in virtual time, and
//! the wall's, by which SDKs stamp their requests unless they are told to ask for the venue's.

use base64::prelude::{Engine as _, BASE64_STANDARD};
use py_rt_types::UnixNanos;
use ring::hmac;
use ring::signature::{UnparsedPublicKey, ED25519};

use super::fail::Fail;
use super::params::Params;

const WINDOW_MS: i128 = 5000;
const WINDOW_MOST_MS: i128 = 60_000;
const AHEAD_US: i128 = 1_000_000;
/// Above it a time is in microseconds.
const MICROSECONDS_FROM: i64 = 100_000_000_000_000;

/// What a REST request signs: the query, then the body, without the signature itself.
pub(super) fn payload(query: &str, body: &str) -> String {
    let without = |text: &str| {
        let start = match text.find("signature=") {
            Some(0) => 0,
            _ => match text.find("&signature=") {
                Some(at) => at,
                None => return text.to_owned(),
            },
        };
        let rest = text[start + 1..].find('&').map(|at| start + 1 + at);
        let rest = rest.map_or("", |at| &text[at..]);
        match start {
            0 => rest.trim_start_matches('&').to_owned(),
            _ => format!("{}{rest}", &text[..start]),
        }
    };
    without(query) + &without(body)
}

/// Whether `given` is the signature of `payload`.
pub(super) fn is_signed(secret: &str, payload: &str, given: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    from_hex(given).is_some_and(|tag| hmac::verify(&key, payload.as_bytes(), &tag).is_ok())
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    text.as_bytes()
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(digit(*high)? * 16 + digit(*low)?).ok(),
            _ => None,
        })
        .collect()
}

/// Whether `given` is the Ed25519 signature of `payload`, in base64.
pub(super) fn is_signed_by_key(public: &[u8; 32], payload: &str, given: &str) -> bool {
    let Ok(signature) = BASE64_STANDARD.decode(given) else {
        return false;
    };
    let key = UnparsedPublicKey::new(&ED25519, public);
    key.verify(payload.as_bytes(), &signature).is_ok()
}

/// Refuses a request that is too old or from the future by both clocks.
pub(super) fn check_time(params: &Params, clocks: [UnixNanos; 2]) -> Result<(), Fail> {
    let stamp = params
        .integer("timestamp")?
        .ok_or_else(|| Fail::missing("timestamp"))?;
    let stamp_us = if stamp >= MICROSECONDS_FROM {
        i128::from(stamp)
    } else {
        i128::from(stamp) * 1000
    };
    let window_us = window(params)?;
    let ages = clocks.map(|now| i128::from(now.0.div_euclid(1000)) - stamp_us);
    if ages.iter().any(|age| *age <= window_us && *age > -AHEAD_US) {
        return Ok(());
    }
    let message = if ages.iter().all(|age| *age <= -AHEAD_US) {
        "Timestamp for this request was 1000ms ahead of the server's time."
    } else {
        "Timestamp for this request is outside of the recvWindow."
    };
    Err(Fail::new(400, -1021, message))
}

/// `recvWindow` in microseconds: milliseconds with up to three decimals.
fn window(params: &Params) -> Result<i128, Fail> {
    let Some(value) = params.decimal("recvWindow")? else {
        return Ok(WINDOW_MS * 1000);
    };
    let micros = value.to_atto().unwrap_or(i128::MAX) / 1_000_000_000_000_000;
    if micros > WINDOW_MOST_MS * 1000 {
        return Err(Fail::new(400, -1131, "recvWindow must be less than 60000."));
    }
    if value.scale() > 3 {
        return Err(Fail::too_precise("recvWindow"));
    }
    Ok(micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public example of the dialect's documentation; worthless.
    const SECRET: &str = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j";

    #[test]
    fn the_documented_signatures_are_accepted() {
        let plain = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC";
        let rest = "quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559";
        let cases = [
            (
                payload(&format!("{plain}&{rest}"), ""),
                "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71",
            ),
            (
                payload(plain, &format!("{rest}&signature=x")),
                "0FD168B8DDB4876A0358A8D14D0C9F3DA0E9B20C5D52B2A00FCF7D1C602F9A77",
            ),
        ];
        for (payload, signature) in cases {
            assert!(is_signed(SECRET, &payload, signature), "{payload}");
            assert!(!is_signed(SECRET, &format!("{payload}0"), signature));
            assert!(!is_signed("other", &payload, signature));
            assert!(!is_signed(SECRET, &payload, &signature[1..]));
        }
    }

    /// The public test vector of RFC 8032, over the documented request.
    #[test]
    fn ed25519_signatures_are_checked() {
        let public: Vec<u8> = (0..32)
            .map(|at| {
                let hex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
                u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()
            })
            .collect();
        let public: [u8; 32] = public.try_into().unwrap();
        let payload = "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&\
                       recvWindow=5000&timestamp=1499827319559";
        let signature = "3fhuDZ9nYMviDQ5OEtJBJS11jUZDTRzRQ+TQMarm+LErFiJvUiVPQjTzDoWZQe4miPX+\
                         yHk1v/Z7TWLYjIbmCA==";
        assert!(is_signed_by_key(&public, payload, signature));
        assert!(!is_signed_by_key(&public, &payload[1..], signature));
        assert!(!is_signed_by_key(&public, payload, "not base64"));
    }

    #[test]
    fn a_signature_is_no_part_of_what_it_signs() {
        let cases = [
            ("a=1&signature=x", "", "a=1"),
            ("signature=x&a=1", "b=2", "a=1b=2"),
            ("a=1&signature=x&b=2", "signature=y", "a=1&b=2"),
            ("a=1", "b=2&signature=y", "a=1b=2"),
            ("designature=1", "", "designature=1"),
        ];
        for (query, body, wanted) in cases {
            assert_eq!(payload(query, body), wanted, "{query} {body}");
        }
    }

    #[test]
    fn times_are_accepted_as_documented() {
        let server = UnixNanos(1_795_186_800_000 * 1_000_000);
        let far = UnixNanos(0);
        let check = |stamp: i64, window: &str| {
            let params = Params(vec![
                ("timestamp".into(), stamp.to_string()),
                ("recvWindow".into(), window.into()),
            ]);
            check_time(&params, [server, far]).map_err(|fail| fail.code)
        };
        let cases = [
            (1_795_186_800_000, "5000", Ok(())),
            (1_795_186_795_000, "5000", Ok(())),
            (1_795_186_794_999, "5000", Err(-1021)),
            (1_795_186_794_999, "5000.999", Err(-1021)),
            (1_795_186_800_999, "5000", Ok(())),
            (1_795_186_801_000, "5000", Err(-1021)),
            (1_795_186_800_000_000, "5000", Ok(())),
            (1_795_186_800_000, "60001", Err(-1131)),
            (1_795_186_800_000, "5000.1234", Err(-1111)),
            (1_795_186_800_000, "x", Err(-1100)),
        ];
        for (stamp, window, wanted) in cases {
            assert_eq!(check(stamp, window), wanted, "{stamp} {window}");
        }
        assert_eq!(
            check_time(&Params::default(), [server, far]).map_err(|fail| fail.code),
            Err(-1102)
        );
    }
}
