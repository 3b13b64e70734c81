//! The error table: what a refusal means for the call it answers.
//!
//! | words | new | replace, cancel | query |
//! |---|---|---|---|
//! | `EAPI:Invalid key`, `…signature`, `EGeneral:Permission denied` | fatal | fatal | fatal |
//! | `EAPI:Rate limit exceeded` | limited for three seconds | same | same |
//! | `EGeneral:Temporary lockout` | limited for a quarter of an hour | same | same |
//! | `EOrder:Rate limit exceeded` | no new orders for three seconds | same; a cancel waits | |
//! | `EOrder:Unknown order` | unanswered | rejected, unknown order | not found |
//! | `EOrder:Cancel pending` | unanswered | too late; a cancel is under way | unanswered |
//! | `EOrder:…` of [`KNOWN`], `EQuery:Unknown asset pair` | rejected | rejected | unanswered |
//! | `EGeneral:Invalid arguments:…` | rejected, but by our id | same | unanswered |
//! | `EService:Market in … mode` | rejected | rejected | unanswered |
//! | `EService:Unavailable`, `…Busy`, `…Timeout`, `EGeneral:Internal error` | unanswered | same | |
//! | 418, 429 | limited until `Retry-After` | same | same |
//! | all else, another status, no JSON | unanswered | unanswered | unanswered |
//!
//! `EAPI:Invalid nonce` and `EService:Deadline elapsed` are no end: the call was not looked at, and
//! the session repeats it with a new nonce, or by the venue's time. Several errors in one answer
//! are unanswered but when all of them say the same. The default is *unanswered*: only a refusal
//! that we know by its words is a rejection.
//! Source: Kraken, "API error messages"; the words were collected from other systems' issues.

use py_rt_types::{RejectReason, ReportKind, UnixNanos};

use crate::http::Response;
use crate::kraken::envelope::Envelope;
use crate::requests::{retry_after, Call, Outcome};

const SECOND_NS: i64 = 1_000_000_000;
/// How long to wait for the counter to fall.
const LIMITED_NS: i64 = 3 * SECOND_NS;
/// How long a lockout takes at least.
const LOCKOUT_NS: i64 = 900 * SECOND_NS;
/// The longest wait that is believed.
const LIMITED_MAX_NS: i64 = 3600 * SECOND_NS;

/// The nonce was not above the last one: the call was not looked at.
pub const WRONG_NONCE: &str = "EAPI:Invalid nonce";
/// The deadline of the call lies in the venue's past: it was not accepted.
pub const TOO_OLD: &str = "EService:Deadline elapsed";

/// Refusals that are certain, by how their words begin.
pub const KNOWN: [(&str, RejectReason); 17] = {
    use RejectReason::{BadPrice, BadQty, InsufficientFunds, NotSupported, Venue, WouldCross};
    [
        ("EOrder:Insufficient funds", InsufficientFunds),
        ("EOrder:Order minimum not met", BadQty),
        ("EOrder:Cost minimum not met", BadQty),
        ("EOrder:Tick size check failed", BadPrice),
        ("EOrder:Invalid price", BadPrice),
        ("EOrder:Post only order", WouldCross),
        ("EOrder:Orders limit exceeded", Venue),
        ("EOrder:Cannot open position", Venue),
        ("EOrder:Margin allowance exceeded", Venue),
        ("EOrder:Trading agreement required", Venue),
        ("EOrder:Limit order price too far", BadPrice),
        ("EQuery:Unknown asset pair", NotSupported),
        ("EQuery:Invalid asset pair", NotSupported),
        ("ETrade:User Locked", Venue),
        ("EService:Market in cancel_only mode", Venue),
        ("EService:Market in post_only mode", Venue),
        ("EService:Market in limit_only mode", Venue),
    ]
};

/// The one thing that is wrong, in the venue's words; `None` for an answer without errors, without
/// form, or with several.
#[must_use]
pub fn only_error(body: &[u8]) -> Option<alloc::string::String> {
    let errors = Envelope::decode(body).ok()?.errors;
    let [one] = errors.as_slice() else {
        return None;
    };
    core::str::from_utf8(one).ok().map(Into::into)
}

/// Reads an answer that is no success by the table above.
#[must_use]
pub fn judge(call: Call, response: &Response<'_>, now: UnixNanos) -> Outcome {
    if matches!(response.status, 418 | 429) {
        let retry_at = retry_after(response, now, LIMITED_NS, LIMITED_MAX_NS);
        return Outcome::RateLimited { retry_at };
    }
    let Ok(envelope) = Envelope::decode(response.body) else {
        return match response.status {
            401 => Outcome::Fatal,
            _ => Outcome::Unanswered,
        };
    };
    if response.status >= 500 {
        return Outcome::Unanswered;
    }
    let mut errors = envelope
        .errors
        .iter()
        .map(|text| judge_text(call, text, now));
    match errors.next() {
        Some(first) if errors.all(|other| other == first) => first,
        _ => Outcome::Unanswered,
    }
}

/// Reads a refusal by its words.
#[must_use]
pub fn judge_text(call: Call, text: &[u8], now: UnixNanos) -> Outcome {
    let begins = |words: &str| text.starts_with(words.as_bytes());
    let limited = |wait_ns| Outcome::RateLimited {
        retry_at: now.plus(wait_ns),
    };
    if begins("EAPI:Invalid key")
        || begins("EAPI:Invalid signature")
        || begins("EGeneral:Permission denied")
    {
        return Outcome::Fatal;
    }
    if begins("EGeneral:Temporary lockout") {
        return limited(LOCKOUT_NS);
    }
    if begins("EAPI:Rate limit exceeded") {
        return limited(LIMITED_NS);
    }
    if begins("EOrder:Rate limit exceeded") {
        return match call {
            Call::New | Call::Replace => Outcome::OrdersLimited {
                retry_at: now.plus(LIMITED_NS),
            },
            Call::Cancel | Call::Query => limited(LIMITED_NS),
        };
    }
    match call {
        Call::Query if begins("EOrder:Unknown order") => Outcome::NotFound,
        Call::Query => Outcome::Unanswered,
        Call::New if begins("EOrder:Unknown order") => Outcome::Unanswered,
        _ if begins("EOrder:Unknown order") => Outcome::Rejected(RejectReason::UnknownOrder),
        Call::Replace if begins("EOrder:Cancel pending") => {
            Outcome::Rejected(RejectReason::TooLate)
        }
        _ => refusal(text),
    }
}

fn refusal(text: &[u8]) -> Outcome {
    let known = KNOWN
        .iter()
        .find(|(words, _)| text.starts_with(words.as_bytes()));
    if let Some((_, reason)) = known {
        return Outcome::Rejected(*reason);
    }
    let Some(argument) = text.strip_prefix(b"EGeneral:Invalid arguments") else {
        return Outcome::Unanswered;
    };
    let mentions = |word: &str| {
        let mut windows = argument.windows(word.len());
        windows.any(|part| part.eq_ignore_ascii_case(word.as_bytes()))
    };
    // What is wrong with an id of ours may be that the order is there already.
    if mentions("cl_ord_id") || mentions("nonce") || mentions("deadline") {
        return Outcome::Unanswered;
    }
    Outcome::Rejected(if mentions("volume") || mentions("qty") {
        RejectReason::BadQty
    } else if mentions("price") {
        RejectReason::BadPrice
    } else {
        RejectReason::Venue
    })
}

/// What is left to say of a cancel that the venue is working on already.
#[must_use]
pub fn is_cancel_pending(body: &[u8]) -> Option<ReportKind> {
    let text = only_error(body)?;
    text.starts_with("EOrder:Cancel pending")
        .then_some(ReportKind::PendingCancel)
}
