//! The answer to a replacement, which is a cancel and a new order: four outcomes.

use py_rt_types::{RejectReason, ReportKind, UnixNanos};

use crate::binance::errors::{judge, judge_body, ErrorBody, HALF_REPLACED, NOT_REPLACED};
use crate::binance::orders::RawOrder;
use crate::dialect::Dialect;
use crate::error::DecodeError;
use crate::http::Response;
use crate::json::{Kind, Raw, Scanner, Slot};
use crate::requests::{Call, Outcome};

/// What became of it.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "lives on the stack for one call")]
pub(super) enum Replaced<'a> {
    /// The new order.
    Order(RawOrder<'a>),
    /// Anything else.
    Outcome(Outcome),
}

/// One half: an order, a refusal, or neither.
#[derive(Debug, Default)]
struct Halves<'a> {
    cancel_result: Slot<'a>,
    new_result: Slot<'a>,
    cancel: Option<Raw<'a>>,
    new: Option<Raw<'a>>,
}

impl<'a> Halves<'a> {
    fn scan(scanner: &mut Scanner<'a>) -> Result<Self, DecodeError> {
        let mut halves = Self::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"cancelResult" => halves.cancel_result.fill(scanner)?,
                b"newOrderResult" => halves.new_result.fill(scanner)?,
                b"cancelResponse" => halves.cancel = Some(scanner.raw()?),
                b"newOrderResponse" => halves.new = Some(scanner.raw()?),
                _ => scanner.skip()?,
            }
        }
        Ok(halves)
    }

    fn results(&self) -> Option<(&'a [u8], &'a [u8])> {
        let word = |slot: &Slot<'a>| slot.digits("result").ok().flatten();
        Some((word(&self.cancel_result)?, word(&self.new_result)?))
    }
}

fn refusal(half: Option<Raw<'_>>) -> Option<Outcome> {
    let mut scanner = Scanner::within(half?);
    if scanner.peek().ok()? != Kind::Object {
        return None;
    }
    let body = ErrorBody::scan(&mut scanner).ok()?;
    (body.code != 0).then(|| judge_body(Call::Replace, &body))
}

/// Reads the answer. Unknown is whatever does not say for both halves what became of them.
pub(super) fn read_replace<'a>(
    dialect: &Dialect,
    response: &Response<'a>,
    now: UnixNanos,
) -> Replaced<'a> {
    let unknown = Replaced::Outcome(Outcome::Unanswered);
    if (200..300).contains(&response.status) {
        let mut scanner = Scanner::new(response.body);
        let halves = Halves::scan(&mut scanner).ok();
        let new = halves.and_then(|halves| match halves.results()? {
            (b"SUCCESS", b"SUCCESS") => RawOrder::scan(&mut Scanner::within(halves.new?)).ok(),
            _ => None,
        });
        return new.map_or(unknown, Replaced::Order);
    }
    let Ok(body) = ErrorBody::decode(response.body) else {
        return Replaced::Outcome(judge(Call::Replace, response, now));
    };
    let data = body.data.filter(|_| {
        let plain = !matches!(response.status, 418 | 429 | 500..);
        plain && matches!(body.code, HALF_REPLACED | NOT_REPLACED)
    });
    let Some(data) = data else {
        return Replaced::Outcome(judge(Call::Replace, response, now));
    };
    let Ok(halves) = Halves::scan(&mut Scanner::within(data)) else {
        return unknown;
    };
    Replaced::Outcome(match halves.results() {
        // Neither was done: the order stands, or is executed or over; it is asked for next.
        Some((b"FAILURE", b"NOT_ATTEMPTED")) => match refusal(halves.cancel) {
            Some(Outcome::Rejected(_)) => Outcome::Rejected(RejectReason::TooLate),
            _ => Outcome::Unanswered,
        },
        // The order is gone, and there is none in its place.
        Some((b"SUCCESS", b"FAILURE")) => match (refusal(halves.new), canceled(dialect, &halves)) {
            (Some(Outcome::Rejected(_)), Some(outcome)) => outcome,
            _ => Outcome::Unanswered,
        },
        _ => Outcome::Unanswered,
    })
}

fn canceled(dialect: &Dialect, halves: &Halves<'_>) -> Option<Outcome> {
    let raw = RawOrder::scan(&mut Scanner::within(halves.cancel?)).ok()?;
    let order = raw.resolve(dialect).ok()??;
    let cum_qty = order.cum_qty;
    Some(Outcome::report(
        order.report(ReportKind::Canceled { cum_qty }),
    ))
}
