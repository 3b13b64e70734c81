//! Parent orders and stops that a gambler may ask for.

use py_rt_kernel::execution::parents::{
    Algorithm, Benchmark, EndPolicy, ParentRequest, ParentTerms, Style, Trigger,
};
use py_rt_types::{InstrumentId, Price, Qty, Side, UnixNanos};

use crate::dice::Dice;

const MS: i64 = 1_000_000;

/// Any parent order around a price.
pub(crate) fn any(
    dice: &mut Dice,
    now: UnixNanos,
    instrument: InstrumentId,
    touch: (Price, Price),
) -> ParentRequest {
    let side = if dice.falls(500) {
        Side::Buy
    } else {
        Side::Sell
    };
    let price = if side == Side::Buy { touch.1 } else { touch.0 };
    let near = Price(price.0 + dice.between(-4, 6) * side.sign());
    let mut weights = Vec::new();
    let algorithm = match dice.between(0, 7) {
        0..=2 => {
            weights = (0..dice.between(1, 8))
                .map(|_| dice.between(1, 9) as u32)
                .collect();
            [
                Algorithm::Twap,
                Algorithm::Vwap,
                Algorithm::ImplementationShortfall,
            ][dice.between(0, 2) as usize]
        }
        3 => Algorithm::Pov {
            participation_bps: dice.between(100, 10_000) as u32,
            every_ns: dice.between(20, 500) * MS,
        },
        4 => Algorithm::Iceberg {
            shown_qty: Qty(dice.between(1, 15)),
        },
        _ => Algorithm::Stop {
            stop_price: dice.falls(600).then_some(near),
            trail_ticks: dice.falls(600).then(|| dice.between(1, 8)),
            trigger: if dice.falls(500) {
                Trigger::Touch
            } else {
                Trigger::LastTrade
            },
        },
    };
    let iceberg = matches!(algorithm, Algorithm::Iceberg { .. });
    ParentRequest {
        instrument,
        side,
        order_qty: Qty(dice.between(1, 60)),
        limit_price: (iceberg || dice.falls(300)).then_some(near),
        algorithm,
        terms: terms(dice, now),
        weights,
        tag: 0,
    }
}

fn terms(dice: &mut Dice, now: UnixNanos) -> ParentTerms {
    let start = now.plus(dice.between(-50, 400) * MS);
    let end = start.plus(dice.between(100, 5_000) * MS);
    let mut terms = ParentTerms::between(start, end);
    terms.min_child_qty = Qty(dice.between(1, 6));
    if dice.falls(500) {
        terms.style = Style::Passive;
    }
    terms.catch_up = dice.falls(700);
    terms.max_slippage_bps = dice.falls(300).then(|| dice.between(0, 20) as u32);
    if dice.falls(500) {
        terms.benchmark = Benchmark::Mid;
    }
    if dice.falls(300) {
        terms.end_policy = EndPolicy::Complete;
    }
    terms.reduce_only = dice.falls(60);
    terms
}
