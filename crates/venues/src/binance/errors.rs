//! The error table: what a refusal means for the call it answers.
//!
//! | HTTP, code | new | replace, cancel | query |
//! |---|---|---|---|
//! | 401, -1002, -1022, -2008, -2014, -2015 | fatal | fatal | fatal |
//! | 418, 429, -1003 | limited until `Retry-After` | same | same |
//! | -1008 overloaded: never looked at | limited for two seconds | same | same |
//! | -1015 too many orders: never looked at | no new orders until `Retry-After` | same | |
//! | 403 without code: the firewall | unanswered | unanswered | limited for two minutes |
//! | -1013, -11xx: filters, precision, parameters | rejected | rejected | unanswered |
//! | -2010 with a text that we know | rejected, with its reason | rejected | unanswered |
//! | -2010 duplicate, or a text that we do not know | unanswered: query | same | |
//! | -2011 | | rejected, unknown order; too late by a restriction | unanswered |
//! | -2013 no such order | unanswered | unanswered | not found |
//! | 5xx, -1000, -1001, -1006, -1007, -1016, all else, no JSON | unanswered | same | same |
//!
//! -1021 (the clocks differ) is no end: the session asks for the venue's time and repeats the call
//! once, because it was never looked at. The default is *unanswered*: only a refusal that we know
//! by its code is a rejection.
//! Source: Binance spot API, "Error codes".

use alloc::borrow::Cow;

use py_rt_types::{RejectReason, UnixNanos};

use crate::error::DecodeError;
use crate::http::Response;
use crate::json::{Raw, Scanner, Slot};
use crate::requests::{retry_after, Call, Outcome};
use crate::session::RateLimit;

const SECOND_NS: i64 = 1_000_000_000;
const MINUTE_NS: i64 = 60 * SECOND_NS;
/// How long to wait after a 429 that does not say: weights are counted by the minute.
const LIMITED_DEFAULT_NS: i64 = MINUTE_NS;
/// The longest wait that is believed: the longest ban is three days.
const LIMITED_MAX_NS: i64 = 72 * 60 * MINUTE_NS;
/// After a refusal by the firewall.
const FIREWALL_NS: i64 = 2 * MINUTE_NS;
/// After "overloaded".
const OVERLOADED_NS: i64 = 2 * SECOND_NS;
/// After "too many new orders" without a time: the shortest count is of ten seconds.
const ORDERS_NS: i64 = 10 * SECOND_NS;
/// Weight of a minute where nobody said another.
const WEIGHT_PER_MINUTE: u32 = 6000;

/// The request's time lies outside of its window: it was not looked at.
pub const WRONG_TIME: i64 = -1021;
/// The cancel of a replacement was done, and the new order was refused; or the other way round.
pub const HALF_REPLACED: i64 = -2021;
/// Neither the cancel of a replacement nor its new order was done.
pub const NOT_REPLACED: i64 = -2022;

/// The members of an error body; each may be absent.
#[derive(Debug, Clone, Default)]
pub struct ErrorBody<'a> {
    /// The venue's code, 0 for none.
    pub code: i64,
    /// Its words.
    pub message: Cow<'a, [u8]>,
    /// Both halves of a replacement.
    pub data: Option<Raw<'a>>,
}

impl<'a> ErrorBody<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut scanner = Scanner::new(bytes);
        let body = Self::scan(&mut scanner)?;
        scanner.finish()?;
        Ok(body)
    }

    /// Reads an object in the middle of others.
    ///
    /// # Errors
    /// When it is no JSON object.
    pub fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let (mut code, mut message, mut data) = (Slot::default(), Slot::default(), None);
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"code" => code.fill(scanner)?,
                b"msg" => message.fill(scanner)?,
                b"data" => data = Some(scanner.raw()?),
                _ => scanner.skip()?,
            }
        }
        let digits = code.digits("code")?;
        let number = digits.and_then(|text| core::str::from_utf8(text).ok()?.parse().ok());
        if digits.is_some() && number.is_none() {
            return Err(code.malformed("code").into());
        }
        Ok(Self {
            code: number.unwrap_or(0),
            message: message.text("msg").ok().flatten().unwrap_or_default(),
            data,
        })
    }

    fn starts_with(&self, prefix: &str) -> bool {
        self.message.starts_with(prefix.as_bytes())
    }

    fn mentions(&self, word: &str) -> bool {
        let mut windows = self.message.windows(word.len().max(1));
        windows.any(|part| part == word.as_bytes())
    }
}

/// Reads an answer that is no success by the table above.
#[must_use]
pub fn judge(call: Call, response: &Response<'_>, now: UnixNanos) -> Outcome {
    let body = ErrorBody::decode(response.body).ok();
    let code = body.as_ref().map_or(0, |body| body.code);
    if code == -1015 && response.status != 418 && call != Call::Query {
        let retry_at = retry_at(response, now, ORDERS_NS);
        return Outcome::OrdersLimited { retry_at };
    }
    if matches!(response.status, 418 | 429) || code == -1003 {
        return limited(response, now, LIMITED_DEFAULT_NS);
    }
    let Some(body) = body else {
        return match (response.status, call) {
            (401, _) => Outcome::Fatal,
            (403, Call::Query) => limited(response, now, FIREWALL_NS),
            _ => Outcome::Unanswered,
        };
    };
    match (response.status, code) {
        (401, _) => Outcome::Fatal,
        (403, 0) if call == Call::Query => limited(response, now, FIREWALL_NS),
        (_, -1008) => limited(response, now, OVERLOADED_NS),
        (500.., _) => Outcome::Unanswered,
        _ => judge_body(call, &body),
    }
}

/// Reads a refusal by its code alone: the halves of a replacement have no status of their own.
#[must_use]
pub fn judge_body(call: Call, body: &ErrorBody<'_>) -> Outcome {
    use RejectReason::{BadPrice, BadQty, TooLate, UnknownOrder, Venue};
    match (body.code, call) {
        (-1002 | -1022 | -2008 | -2014 | -2015, _) => Outcome::Fatal,
        (-2013, Call::Query) => Outcome::NotFound,
        (_, Call::Query) => Outcome::Unanswered,
        (-1013, _) => Outcome::Rejected(filter_reason(body)),
        (-1111, _) if body.mentions("rice") => Outcome::Rejected(BadPrice),
        (-1111, _) => Outcome::Rejected(BadQty),
        // Counted out: of one half of a replacement; a whole answer was judged by its status.
        (-1015, _) => Outcome::Rejected(Venue),
        (-1199..=-1100, _) => Outcome::Rejected(Venue),
        (-2010, _) => match known_refusal(body) {
            Some(reason) => Outcome::Rejected(reason),
            None => Outcome::Unanswered,
        },
        (-2011, Call::New) => Outcome::Unanswered,
        (-2011, _) if body.mentions("restriction") => Outcome::Rejected(TooLate),
        (-2011, _) if body.starts_with("Unknown order") => Outcome::Rejected(UnknownOrder),
        _ => Outcome::Unanswered,
    }
}

fn filter_reason(body: &ErrorBody<'_>) -> RejectReason {
    if body.mentions("PRICE") {
        RejectReason::BadPrice
    } else if body.mentions("LOT_SIZE") || body.mentions("NOTIONAL") {
        RejectReason::BadQty
    } else {
        RejectReason::Venue
    }
}

/// The reason of a -2010 whose text is one of those that are documented. `Duplicate order sent.` is
/// none of them: the order is there already.
fn known_refusal(body: &ErrorBody<'_>) -> Option<RejectReason> {
    use RejectReason::{BadPrice, BadQty, InsufficientFunds, NotSupported, Venue, WouldCross};
    let texts = [
        ("Account has insufficient balance", InsufficientFunds),
        ("Order would immediately match and take", WouldCross),
        ("Order would trigger immediately", BadPrice),
        ("Stop price would trigger immediately", BadPrice),
        ("Order price is outside", BadPrice),
        ("Price is too", BadPrice),
        ("Quantity is too", BadQty),
        ("Price * QTY is zero or less", BadQty),
        ("IcebergQty exceeds QTY", BadQty),
        ("Market is closed", Venue),
        ("This action is disabled on this account", Venue),
        ("This account may not place or cancel orders", Venue),
        ("Rest API trading is not enabled", Venue),
        ("This symbol is not permitted for this account", Venue),
        ("This symbol is restricted for this account", Venue),
        ("Unsupported order combination", NotSupported),
        ("Market orders are not supported", NotSupported),
        ("Stop loss orders are not supported", NotSupported),
        ("Stop loss limit orders are not supported", NotSupported),
    ];
    let found = texts.iter().find(|(text, _)| body.starts_with(text));
    found.map(|(_, reason)| *reason)
}

fn limited(response: &Response<'_>, now: UnixNanos, default_ns: i64) -> Outcome {
    Outcome::RateLimited {
        retry_at: retry_at(response, now, default_ns),
    }
}

fn retry_at(response: &Response<'_>, now: UnixNanos, default_ns: i64) -> UnixNanos {
    retry_after(response, now, default_ns, LIMITED_MAX_NS)
}

/// The weight of the minute as an answer's headers tell it.
#[must_use]
pub fn decode_rate_limit(response: &Response<'_>, now: UnixNanos) -> RateLimit {
    let used = response.header_number("x-mbx-used-weight-1m");
    let used = used.and_then(|used| u32::try_from(used).ok());
    let left = now.0.rem_euclid(MINUTE_NS);
    RateLimit {
        limit: used.map(|_| WEIGHT_PER_MINUTE),
        remaining: used.map(|used| WEIGHT_PER_MINUTE.saturating_sub(used)),
        reset: used.map(|_| now.plus(MINUTE_NS - left)),
    }
}
