//! The error table: what a refusal means for the call it answers.
//!
//! | answer | new | replace | cancel | query |
//! |---|---|---|---|---|
//! | 200, `success: false`, a word of [`KNOWN`] | rejected | rejected | see below | |
//! | 200, `success: false`, another word | rejected | rejected | rejected | |
//! | 200, `UNKNOWN_…_REASON` or no word | unanswered | unanswered | unanswered | |
//! | 400 `INVALID_ARGUMENT` | rejected, but by our id | rejected | rejected | unanswered |
//! | 401 | a fresh token by the venue's clock, once; then fatal | same | same | same |
//! | 403 `PERMISSION_DENIED` | fatal | fatal | fatal | fatal |
//! | 404 `NOT_FOUND` | unanswered | rejected, unknown order | same | not found |
//! | 418, 429 | limited: `Retry-After`, `x-ratelimit-reset`, or a second | same | same | same |
//! | all else, another status, no JSON | unanswered | unanswered | unanswered | unanswered |
//!
//! A refusal is told with status 200: the status alone says nothing. Of a cancel
//! `DUPLICATE_CANCEL_REQUEST` and `ORDER_IS_BEING_REPLACED` mean that it is under way or comes
//! later; everything else that is refused means that the order has to be looked at. The default is
//! *unanswered*.
//! Source: Coinbase, "Advanced Trade API": create, edit and cancel orders, failure reasons.

use alloc::borrow::Cow;

use py_rt_types::{RejectReason, ReportKind, UnixNanos};

use crate::error::{DecodeError, Malformed};
use crate::http::Response;
use crate::json::{members, read_whole, Kind, Scanner, Slot};
use crate::requests::{retry_after, Call, Outcome, Subject};

const SECOND_NS: i64 = 1_000_000_000;
/// The longest wait that is believed.
const LIMITED_MAX_NS: i64 = 60 * SECOND_NS;
/// Numbers from here on are times, and those below are durations, in seconds.
const FIRST_TIME_S: u64 = 1_000_000_000;

/// Refusals whose reason the kernel knows, without `PREVIEW_` before them.
pub const KNOWN: [(&str, RejectReason); 20] = {
    use RejectReason::{
        BadPrice, BadQty, InsufficientFunds, NotSupported, TooLate, UnknownOrder, WouldCross,
    };
    [
        ("INSUFFICIENT_FUND", InsufficientFunds),
        ("INVALID_LEDGER_BALANCE", InsufficientFunds),
        ("INVALID_LIMIT_PRICE_POST_ONLY", WouldCross),
        ("INVALID_LIMIT_PRICE", BadPrice),
        ("INVALID_PRICE_PRECISION", BadPrice),
        ("INVALID_EDITED_PRICE", BadPrice),
        ("INVALID_SIZE_PRECISION", BadQty),
        ("INVALID_BASE_SIZE", BadQty),
        ("INVALID_EDITED_SIZE", BadQty),
        ("BASE_SIZE_TOO", BadQty),
        ("QUOTE_SIZE_TOO", BadQty),
        ("UNSUPPORTED_ORDER_CONFIGURATION", NotSupported),
        ("INVALID_PRODUCT_ID", NotSupported),
        ("INELIGIBLE_PAIR", NotSupported),
        ("ONLY_LIMIT_ORDER_EDITS", NotSupported),
        ("ORDER_NOT_FOUND", UnknownOrder),
        ("CANNOT_EDIT_TO_BELOW_FILLED_SIZE", TooLate),
        ("ONLY_OPEN_ORDERS_CAN_BE_EDITED", TooLate),
        ("ORDER_IS_ALREADY_BEING_REPLACED", TooLate),
        ("ORDER_IS_FULLY_FILLED", TooLate),
    ]
};

/// What a refusal with status 200 means, by its words, the most telling first.
#[must_use]
pub fn judge_words(words: &[Cow<'_, [u8]>]) -> Outcome {
    let told = words.iter().find(|word| tells(word));
    let Some(word) = told else {
        return Outcome::Unanswered;
    };
    let word = word.strip_prefix(b"PREVIEW_").unwrap_or(word);
    let mut known = KNOWN.iter();
    let known = known.find(|(start, _)| word.starts_with(start.as_bytes()));
    Outcome::Rejected(known.map_or(RejectReason::Venue, |(_, reason)| *reason))
}

/// A refusal with status 200.
pub(super) fn judge_refused(now: UnixNanos, subject: &Subject, answer: &Answer<'_>) -> Outcome {
    let reasons = answer.reasons();
    if subject.call != Call::Cancel {
        return judge_words(&reasons);
    }
    let says = |word: &[u8]| reasons.iter().any(|reason| **reason == *word);
    if says(b"DUPLICATE_CANCEL_REQUEST") || says(b"ORDER_IS_BEING_REPLACED") {
        return Outcome::report(subject.report(now, ReportKind::PendingCancel));
    }
    match judge_words(&reasons) {
        // Whatever is wrong with it: the order is looked at.
        Outcome::Rejected(RejectReason::Venue) => Outcome::Rejected(RejectReason::UnknownOrder),
        outcome => outcome,
    }
}

/// Whether a word says why.
fn tells(word: &[u8]) -> bool {
    !(word.is_empty() || word.starts_with(b"UNKNOWN_") && word.ends_with(b"_REASON"))
}

/// An answer with a status that is none of success: `error` and what else it says, as one text.
#[must_use]
pub fn error_of(body: &[u8]) -> Option<Cow<'_, [u8]>> {
    let [error] = members(body, ["error"]).ok()?;
    error.text("error").ok().flatten()
}

/// Reads an answer with a status that is none of success by the table above.
#[must_use]
pub fn judge(call: Call, response: &Response<'_>, now: UnixNanos) -> Outcome {
    let status = response.status;
    if matches!(status, 418 | 429) {
        return limited(response, now);
    }
    if status == 401 {
        return Outcome::Fatal;
    }
    let Some(error) = error_of(response.body) else {
        return Outcome::Unanswered;
    };
    match (status, &*error, call) {
        (403, b"PERMISSION_DENIED", _) => Outcome::Fatal,
        (404, b"NOT_FOUND", Call::Query) => Outcome::NotFound,
        (404, b"NOT_FOUND", Call::Replace | Call::Cancel) => {
            Outcome::Rejected(RejectReason::UnknownOrder)
        }
        (400, b"INVALID_ARGUMENT", Call::New | Call::Replace | Call::Cancel) => {
            // What is wrong with an id of ours may be that the order is there already.
            let named = response
                .body
                .windows(15)
                .any(|part| part == b"client_order_id");
            match named {
                true => Outcome::Unanswered,
                false => Outcome::Rejected(RejectReason::Venue),
            }
        }
        _ => Outcome::Unanswered,
    }
}

/// Not looked at: until when.
fn limited(response: &Response<'_>, now: UnixNanos) -> Outcome {
    let told = response.header_number("retry-after").is_some();
    let reset = reset_at(response, now).filter(|_| !told);
    let most = now.plus(LIMITED_MAX_NS);
    let least = now.plus(SECOND_NS);
    let retry_at = match reset {
        Some(reset) => reset.clamp(least, most),
        None => retry_after(response, now, SECOND_NS, LIMITED_MAX_NS),
    };
    Outcome::RateLimited { retry_at }
}

/// When the quota starts again, in whichever of two ways it is told.
pub(super) fn reset_at(response: &Response<'_>, now: UnixNanos) -> Option<UnixNanos> {
    let seconds = response.header_number("x-ratelimit-reset")?;
    let ns = i64::try_from(seconds).ok()?.checked_mul(SECOND_NS)?;
    Some(match seconds {
        FIRST_TIME_S.. => UnixNanos(ns),
        _ => now.plus(ns),
    })
}

/// What an answer with status 200 says: whether it worked, and every word of a refusal.
#[derive(Debug, Default)]
pub struct Answer<'a> {
    /// It worked.
    pub success: Slot<'a>,
    /// The order's id.
    pub order_id: Slot<'a>,
    /// Our id of it.
    pub client_id: Slot<'a>,
    /// Why not.
    pub words: alloc::vec::Vec<Slot<'a>>,
}

impl<'a> Answer<'a> {
    /// Reads the answer to a new order, an edit, or the first result of a cancel.
    ///
    /// # Errors
    /// [`Malformed`] when it is none.
    pub fn decode(body: &'a [u8]) -> Result<Self, Malformed> {
        let mut answer = Self::default();
        read_whole(body, |scanner| answer.scan(scanner))?;
        Ok(answer)
    }

    fn scan(&mut self, scanner: &mut Scanner<'a>) -> Result<(), DecodeError> {
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"success" => self.success.fill(scanner)?,
                b"order_id" => self.order_id.fill(scanner)?,
                b"client_order_id" => self.client_id.fill(scanner)?,
                b"error"
                | b"failure_reason"
                | b"new_order_failure_reason"
                | b"edit_failure_reason"
                | b"preview_failure_reason" => {
                    let mut word = Slot::default();
                    word.fill(scanner)?;
                    self.words.push(word);
                }
                b"success_response" | b"error_response" if scanner.peek()? == Kind::Object => {
                    self.scan(scanner)?;
                }
                b"results" | b"errors" if scanner.peek()? == Kind::Array => {
                    scanner.begin_array()?;
                    while scanner.next_element()? {
                        self.scan(scanner)?;
                    }
                }
                _ => scanner.skip()?,
            }
        }
        Ok(())
    }

    /// Whether it worked.
    ///
    /// # Errors
    /// [`Malformed`] when it does not say.
    pub fn worked(&self) -> Result<bool, Malformed> {
        self.success.required_flag("success")
    }

    /// The words of a refusal.
    #[must_use]
    pub fn reasons(&self) -> alloc::vec::Vec<Cow<'a, [u8]>> {
        let words = self.words.iter();
        let words = words.filter_map(|word| word.text("reason").ok().flatten());
        words.collect()
    }
}
