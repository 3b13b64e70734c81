//! The error table: what a refusal means for the call it answers.
//!
//! | HTTP, code | new | replace, cancel | query |
//! |---|---|---|---|
//! | 401, 403 without code, 40110000 | fatal | fatal | fatal |
//! | 403 40310000 | rejected | rejected | unanswered |
//! | 404 40410000 | unanswered | rejected, unknown order | not found |
//! | 422 40010001, id used before or text not known | unanswered: query | unanswered | unanswered |
//! | 422 40010001, a named field | rejected | rejected | unanswered |
//! | 422 42210000 | rejected | rejected, too late when it is about the state | unanswered |
//! | 429 | limited | limited | limited |
//! | anything else, and any body that is no JSON object | unanswered | unanswered | unanswered |
//!
//! The default is *unanswered*: only a refusal that we know by its code is a rejection. Message
//! texts are not stable; they refine a reason, and where they are needed to tell a duplicate id
//! from a bad field, a text that is not known counts as a duplicate, because to query is safe.

use py_rt_types::{RejectReason, UnixNanos};

use crate::error::DecodeError;
use crate::http::Response;
use crate::json::{Scanner, Slot};
use crate::requests::{Call, Outcome};
use crate::session::RateLimit;

const SECOND_NS: i64 = 1_000_000_000;
/// How long to wait after a 429 that does not say: the quota is counted by the minute.
const LIMITED_DEFAULT_NS: i64 = 60 * SECOND_NS;
/// The longest wait that is believed.
const LIMITED_MAX_NS: i64 = 15 * 60 * SECOND_NS;

/// The members of an error body; each may be absent.
#[derive(Debug, Clone, Default)]
struct ErrorBody<'a> {
    code: Option<u32>,
    message: alloc::borrow::Cow<'a, [u8]>,
}

impl<'a> ErrorBody<'a> {
    /// Reads a body; an error when it is no JSON object.
    fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (mut code, mut message) = (Slot::default(), Slot::default());
        let mut scanner = Scanner::new(bytes);
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"code" => code.fill(&mut scanner)?,
                b"message" => message.fill(&mut scanner)?,
                _ => scanner.skip()?,
            }
        }
        scanner.finish()?;
        let digits = code.digits("code")?;
        let code = digits.and_then(|text| core::str::from_utf8(text).ok()?.parse().ok());
        if digits.is_some() && code.is_none() {
            return Err(code_error(&message));
        }
        Ok(Self {
            code,
            message: message.text("message").ok().flatten().unwrap_or_default(),
        })
    }

    fn starts_with(&self, prefix: &str) -> bool {
        self.message.starts_with(prefix.as_bytes())
    }
}

fn code_error(near: &Slot<'_>) -> DecodeError {
    near.malformed("code").into()
}

/// Reads an answer that is no success by the table above.
#[must_use]
pub fn judge(call: Call, response: &Response<'_>, now: UnixNanos) -> Outcome {
    if response.status == 429 {
        return Outcome::RateLimited {
            retry_at: retry_at(response, now),
        };
    }
    let Ok(body) = ErrorBody::decode(response.body) else {
        return Outcome::Unanswered;
    };
    match (response.status, body.code) {
        (401, _) | (403, None) | (403, Some(40_110_000)) => Outcome::Fatal,
        (404, Some(40_410_000)) => match call {
            Call::New => Outcome::Unanswered,
            Call::Replace | Call::Cancel => Outcome::Rejected(RejectReason::UnknownOrder),
            Call::Query => Outcome::NotFound,
        },
        _ if call == Call::Query => Outcome::Unanswered,
        (403, Some(40_310_000)) => Outcome::Rejected(if body.starts_with("insufficient") {
            RejectReason::InsufficientFunds
        } else {
            RejectReason::Venue
        }),
        (422, Some(40_010_001)) => match named_field(&body) {
            Some(reason) => Outcome::Rejected(reason),
            None => Outcome::Unanswered,
        },
        (422, Some(42_210_000)) => Outcome::Rejected(rule_reason(call, &body)),
        _ => Outcome::Unanswered,
    }
}

/// The reason when a 40010001 text names a field other than the client order id.
fn named_field(body: &ErrorBody<'_>) -> Option<RejectReason> {
    let fields = [
        ("qty", RejectReason::BadQty),
        ("notional", RejectReason::BadQty),
        ("limit_price", RejectReason::BadPrice),
        ("stop_price", RejectReason::BadPrice),
        ("limit price", RejectReason::BadPrice),
        ("symbol", RejectReason::Venue),
        ("side", RejectReason::Venue),
        ("type", RejectReason::NotSupported),
        ("time_in_force", RejectReason::NotSupported),
    ];
    let text = body
        .message
        .strip_prefix(b"invalid ")
        .unwrap_or(&body.message);
    let found = fields
        .iter()
        .find(|(field, _)| text.starts_with(field.as_bytes()));
    found.map(|(_, reason)| *reason)
}

fn rule_reason(call: Call, body: &ErrorBody<'_>) -> RejectReason {
    let prefixes = [
        ("invalid limit_price", RejectReason::BadPrice),
        ("invalid stop_price", RejectReason::BadPrice),
        ("invalid qty", RejectReason::BadQty),
        ("invalid crypto time_in_force", RejectReason::NotSupported),
        ("invalid time_in_force", RejectReason::NotSupported),
    ];
    let found = prefixes.iter().find(|(prefix, _)| body.starts_with(prefix));
    match (found, call) {
        (Some((_, reason)), _) => *reason,
        (None, Call::New) => RejectReason::Venue,
        (None, Call::Replace | Call::Cancel | Call::Query) => RejectReason::TooLate,
    }
}

/// The quota as an answer's headers tell it.
#[must_use]
pub fn decode_rate_limit(response: &Response<'_>) -> RateLimit {
    let count = |name| {
        response
            .header_number(name)
            .and_then(|n| u32::try_from(n).ok())
    };
    RateLimit {
        limit: count("x-ratelimit-limit"),
        remaining: count("x-ratelimit-remaining"),
        reset: response
            .header_number("x-ratelimit-reset")
            .and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(SECOND_NS))
            .map(UnixNanos),
    }
}

fn retry_at(response: &Response<'_>, now: UnixNanos) -> UnixNanos {
    let told = response
        .header_number("retry-after")
        .and_then(|seconds| i64::try_from(seconds).ok()?.checked_mul(SECOND_NS))
        .map(|wait_ns| now.plus(wait_ns))
        .or(decode_rate_limit(response).reset);
    match told {
        Some(at) if at > now => at.min(now.plus(LIMITED_MAX_NS)),
        Some(_) => now.plus(SECOND_NS),
        None => now.plus(LIMITED_DEFAULT_NS),
    }
}
