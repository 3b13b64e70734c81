//! Numbers and instruments over random values: text survives, nothing wraps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use py_rt_types::number::divide_half_even;
use py_rt_types::{
    AssetClass, Decimal, Instrument, InstrumentSpec, Money, OrderTick, Price, Qty, TypeError,
    UnixNanos,
};

struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
    fn wide(&mut self) -> i128 {
        let bits = self.roll() % 127;
        ((i128::from(self.roll()) << 64) | i128::from(self.roll())) >> (127 - bits)
    }
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn instrument(tick: &str, lot: &str, multiplier: &str) -> Result<Instrument, TypeError> {
    Instrument::try_new(InstrumentSpec {
        symbol: "AAA".into(),
        venue: "SIM".into(),
        tick_size: decimal(tick),
        order_tick: None,
        lot_size: decimal(lot),
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: decimal(multiplier),
        currency: "USD".into(),
        asset_class: AssetClass::Other,
        shortable: true,
        sessions: false,
    })
}

#[test]
fn text_survives_a_round_trip() {
    let mut dice = Dice(0x5eed_a000);
    for _ in 0..100_000 {
        let (mantissa, scale) = (dice.wide(), (dice.roll() % 19) as u32);
        let value = Decimal::try_new(mantissa, scale).unwrap();
        let text = value.to_string();
        assert_eq!(
            Decimal::parse(&text),
            Ok(value),
            "seed 0x5eeda000 {mantissa}e-{scale} {text}"
        );
        assert!(!text.contains('e') && !text.starts_with("-0.0e"), "{text}");
        let shifted = format!("{mantissa}e-{scale}");
        assert_eq!(Decimal::parse(&shifted), Ok(value), "{shifted}");
        if let Ok(atto) = value.to_atto() {
            assert_eq!(Decimal::from_atto(atto), value, "{text}");
        }
    }
    assert_eq!(decimal("-0").to_string(), "0");
    assert_eq!(decimal("-0.000"), Decimal::ZERO);
}

#[test]
fn any_bytes_are_parsed_or_refused() {
    let mut dice = Dice(0x5eed_a001);
    let letters = b"0123456789.-+eE 9_";
    for _ in 0..200_000 {
        let length = dice.roll() % 40;
        let text: String = (0..length)
            .map(|_| letters[(dice.roll() % 18) as usize] as char)
            .collect();
        if let Ok(value) = Decimal::parse(&text) {
            assert_eq!(Decimal::parse(&value.to_string()), Ok(value), "{text:?}");
        }
    }
}

#[test]
fn steps_and_counts_are_inverse() {
    let mut dice = Dice(0x5eed_a002);
    for step in [
        "1",
        "0.01",
        "0.25",
        "0.00000001",
        "0.000000000000000001",
        "12.5",
    ] {
        let step = decimal(step);
        for _ in 0..5_000 {
            let count = (dice.roll() as i64) >> (dice.roll() % 63);
            let value = step.times(count).unwrap();
            match value.steps(step) {
                Ok(found) => assert_eq!(found, Some(count), "{step} x {count}"),
                Err(error) => assert_eq!(error, TypeError::Overflow, "{step} x {count}"),
            }
        }
    }
    assert_eq!(decimal("0.005").steps(decimal("0.01")), Ok(None));
}

#[test]
fn half_even_agrees_with_a_definition() {
    for value in -60i128..60 {
        for divisor in 1i128..13 {
            let found = divide_half_even(value, divisor);
            let away = (found * divisor - value).abs() * 2;
            assert!(away <= divisor, "{value}/{divisor} = {found}");
            assert!(
                away < divisor || found % 2 == 0,
                "{value}/{divisor} = {found}"
            );
        }
    }
}

#[test]
fn money_of_a_price_and_a_quantity_is_exact_or_an_error() {
    let es = instrument("0.25", "1", "50").unwrap();
    assert_eq!(
        es.notional(Price(16_000), Qty(-3)).unwrap(),
        Money(-600_000 * Money::ONE.0)
    );
    let satoshi = instrument("0.01", "0.00000001", "1").unwrap();
    assert_eq!(
        satoshi.notional(Price(6_183_763), Qty(1)).unwrap().0,
        618_376_300_000_000
    );
    assert_eq!(satoshi.value_at_mid(3, Qty(1)).unwrap().0, 150_000_000);
    let huge = instrument("1", "1", "1").unwrap();
    assert_eq!(
        huge.notional(Price(i64::MAX), Qty(i64::MAX)),
        Err(TypeError::Overflow)
    );
    assert_eq!(
        huge.notional(Price(i64::MIN), Qty(i64::MIN)),
        Err(TypeError::Overflow)
    );
    assert_eq!(huge.parse_price(decimal("1.5")), Err(TypeError::OffTick));
    assert_eq!(huge.parse_qty(decimal("1.5")), Err(TypeError::OffLot));
}

#[test]
fn instruments_that_cannot_be_exact_are_refused() {
    assert_eq!(instrument("0", "1", "1").unwrap_err(), TypeError::BadStep);
    assert_eq!(
        instrument("0.01", "-1", "1").unwrap_err(),
        TypeError::BadStep
    );
    let fine = instrument("0.0000000001", "0.0000000001", "1");
    assert_eq!(fine.unwrap_err(), TypeError::TooFine);
    let huge = instrument("1000000000000", "1000000000000", "1");
    assert_eq!(huge.unwrap_err(), TypeError::Overflow);
}

#[test]
fn prices_of_orders_lie_on_the_coarser_step_where_there_is_one() {
    let coarse = |from: &str, step: &str| {
        let spec = instrument("0.0001", "1", "1").unwrap().spec().clone();
        let (from, step) = (decimal(from), decimal(step));
        let order_tick = Some(OrderTick { from, step });
        Instrument::try_new(InstrumentSpec { order_tick, ..spec })
    };
    let share = coarse("1", "0.01").unwrap();
    for price in 9_000i64..12_000 {
        // The definition, in exact ticks.
        let step = if price < 10_000 { 1 } else { 100 };
        let (low, high) = (price / step * step, (price + step - 1) / step * step);
        assert_eq!(share.floor_price(Price(price)), Price(low));
        assert_eq!(share.ceil_price(Price(price)), Price(high));
        let nearest = share.nearest_price(Price(price)).0;
        assert_eq!(
            (nearest - price).abs(),
            (price - low).min(high - price),
            "{price}"
        );
    }
    assert_eq!(coarse("1", "0.00015").unwrap_err(), TypeError::BadStep);
    assert_eq!(coarse("1", "0").unwrap_err(), TypeError::BadStep);
}

#[test]
fn time_saturates_and_days_are_whole_below_zero_too() {
    assert_eq!(UnixNanos::MAX.plus(1), UnixNanos::MAX);
    assert_eq!(UnixNanos::MIN.plus(-1), UnixNanos::MIN);
    assert_eq!(UnixNanos::MIN.since(UnixNanos::MAX), i64::MIN);
    assert_eq!((UnixNanos(-1).day(), UnixNanos(0).day()), (-1, 0));
}
