//! Strategies by name, and what is refused.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use py_rt_kernel::{Interests, Strategy};
use py_rt_strategies::{create, names, ParamValue, StrategyError, STRATEGIES};
use py_rt_types::{AssetClass, Decimal, Instrument, InstrumentSpec};

fn shares() -> Vec<Instrument> {
    let decimal = |text: &str| Decimal::parse(text).unwrap();
    vec![Instrument::try_new(InstrumentSpec {
        symbol: "AAPL".into(),
        venue: "SIM".into(),
        tick_size: decimal("0.01"),
        order_tick: None,
        lot_size: decimal("0.001"),
        min_qty: decimal("0"),
        min_notional: decimal("0"),
        multiplier: decimal("1"),
        currency: "USD".into(),
        asset_class: AssetClass::Equity,
        shortable: true,
        sessions: true,
    })
    .unwrap()]
}

fn refused(strategy: &str, name: &str, value: ParamValue) -> StrategyError {
    create(strategy, &[(name.to_owned(), value)], &shares()).unwrap_err()
}

#[test]
fn every_listed_strategy_can_be_made_from_its_defaults() {
    let sorted: Vec<_> = names().collect();
    assert!(sorted.is_sorted());
    for spec in &STRATEGIES {
        let made = create(spec.name, &[], &shares()).unwrap();
        let wants: [(&str, Interests); 4] = [
            ("on_trade", Interests::TRADE),
            ("on_book", Interests::BOOK),
            ("on_bar", Interests::BAR),
            ("on_timer", Interests::TIMER),
        ];
        for (callback, interest) in wants {
            let listed = spec.callbacks.contains(&callback);
            assert_eq!(made.interests().has(interest), listed, "{}", spec.name);
        }
        let given: Vec<_> = spec
            .params
            .iter()
            .map(|param| (param.name.to_owned(), param.default.clone()))
            .collect();
        assert!(create(spec.name, &given, &shares()).is_ok());
    }
}

#[test]
fn wrong_names_say_which_exist() {
    let error = create("sma_cros", &[], &shares()).unwrap_err();
    assert_eq!(error.field(), "strategy");
    assert!(error.remedy().contains("sma_cross"));
    let error = refused("sma_cross", "slwo", ParamValue::Int(3));
    assert_eq!(error.field(), "slwo");
    assert!(error.remedy().contains("slow"));
    let error = refused("bench_touch", "fast", ParamValue::Int(3));
    assert_eq!(error.remedy(), "pass none");
}

#[test]
fn wrong_values_are_refused_by_name() {
    let text = |text: &str| ParamValue::Text(text.to_owned());
    let cases = [
        ("sma_cross", "fast", ParamValue::Int(0)),
        ("sma_cross", "fast", ParamValue::Float(5.0)),
        ("sma_cross", "slow", ParamValue::Int(i64::MAX)),
        ("sma_cross", "symbol", text("MSFT")),
        ("sma_cross", "order_qty", text("1.0005")),
        ("sma_cross", "order_qty", ParamValue::Int(-1)),
        ("sma_cross", "order_qty", ParamValue::Float(f64::NAN)),
        ("mean_reversion", "lookback", ParamValue::Int(1)),
        ("mean_reversion", "exit", ParamValue::Float(2.0)),
        ("mean_reversion", "entry", text("two")),
        ("market_maker", "half_spread_ticks", ParamValue::Float(0.4)),
        (
            "market_maker",
            "skew_ticks",
            ParamValue::Float(f64::INFINITY),
        ),
        ("market_maker", "max_position", ParamValue::Int(0)),
    ];
    for (strategy, name, value) in cases {
        let error = refused(strategy, name, value.clone());
        assert_eq!(error.field(), name, "{strategy} {value:?}: {error}");
        assert!(!error.remedy().is_empty());
    }
}

#[test]
fn a_quantity_may_be_float_int_or_exact_text() {
    for value in [
        ParamValue::Float(0.1),
        ParamValue::Int(3),
        ParamValue::Text("0.001".to_owned()),
    ] {
        let given = [("order_qty".to_owned(), value)];
        assert!(create("sma_cross", &given, &shares()).is_ok());
    }
}
