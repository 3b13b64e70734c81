//! Every guard refuses exactly beyond its limit; cancels and reductions pass; what latches holds in
//! the next session until a person resumes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::event::{Cause, Event, TradingState};
use py_rt_kernel::input::Phase;
use py_rt_kernel::risk::{Control as Limit, GroupLimit, Guards, InstrumentLimit, Pace, RiskLimits};
use py_rt_kernel::{Control, Input, Kernel, KernelConfig, OrderRequest, Snapshot};
use py_rt_types::{Decimal, Price, Qty, ReportKind, Side, TimeInForce, UnixNanos};
use rig::guards::{guarded, rig, second, two, two_config};
use rig::verdict::verdict;
use rig::{
    ada, buy, buy_market, config, fill, instrument, money, row, sell, sell_market, Rig, Script,
    Wish, FIRST, MS, SECOND, SECOND_INSTRUMENT,
};

const TWO_A_SECOND: Option<Pace> = Some(Pace {
    most: 2,
    window_ns: SECOND,
});

#[test]
fn equal_orders_in_a_window() {
    let mut rig = rig(|g| g.duplicates = TWO_A_SECOND);
    assert_eq!(verdict(&mut rig, buy(5, 9_990)), None);
    rig.now += 400 * MS;
    assert_eq!(verdict(&mut rig, buy(5, 9_990)), None);
    assert_eq!(verdict(&mut rig, buy(5, 9_990)), Some(Limit::MaxDuplicates));
    for other in [buy(6, 9_990), buy(5, 9_991), sell(5, 9_990), buy_market(5)] {
        assert_eq!(verdict(&mut rig, other), None, "{other:?}");
    }
    rig.now += 600 * MS - 1;
    assert_eq!(verdict(&mut rig, buy(5, 9_990)), Some(Limit::MaxDuplicates));
    rig.now += 1;
    assert_eq!(verdict(&mut rig, buy(5, 9_990)), None);
}

#[test]
fn orders_of_one_instrument_and_cancels_are_counted_apart() {
    let mut rig = two(|g| {
        g.instrument_orders = TWO_A_SECOND;
        g.cancels = TWO_A_SECOND;
    });
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), None);
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), None);
    assert_eq!(
        verdict(&mut rig, buy(1, 9_990)),
        Some(Limit::MaxInstrumentOrders)
    );
    assert_eq!(verdict(&mut rig, second(Side::Buy, 1)), None);
    rig.tell(1, ReportKind::Accepted);
    rig.tell(2, ReportKind::Accepted);
    rig.forget();
    rig.ask(&[Wish::Cancel(1), Wish::Cancel(2)]);
    assert_eq!(rig.cancels().len(), 2);
    assert_eq!(
        verdict(&mut rig, second(Side::Buy, 2)),
        Some(Limit::MaxCancels)
    );
    rig.forget();
    rig.ask(&[Wish::Cancel(4)]);
    assert_eq!(rig.denial(), None, "a cancel passes");
    rig.now += SECOND;
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), None);
}

#[test]
fn too_many_executed_orders_latch_until_a_person_resumes() {
    let set = |g: &mut Guards| {
        g.executions = Some(Pace {
            most: 2,
            window_ns: 10 * SECOND,
        });
    };
    let mut first = rig(set);
    for _ in 0..2 {
        first.hold(FIRST, 1);
    }
    assert_eq!(verdict(&mut first, buy(4, 9_990)), None);
    let sequence = first.kernel.next_sequence() - 1;
    first.tell(sequence, ReportKind::Accepted);
    // The parts of one order are one execution.
    first.tell(sequence, fill(1, 1, 9_990));
    let crossed = Event::Trading {
        state: TradingState::ReduceOnly,
        cause: Cause::RepeatedExecutions,
    };
    assert!(first.events.contains(&crossed), "the third crosses");
    assert_eq!(
        verdict(&mut first, buy(1, 9_990)),
        Some(Limit::TradingState)
    );
    assert_eq!(verdict(&mut first, sell(1, 9_990)), None, "a reduction");
    first.now += 100 * SECOND;
    assert_eq!(
        verdict(&mut first, buy(1, 9_990)),
        Some(Limit::TradingState)
    );
    let books = Snapshot::decode(&first.kernel.snapshot().encode()).unwrap();
    let mut next = Kernel::new(
        KernelConfig {
            limits: guarded(set),
            ..config(vec![instrument("AAA")])
        },
        Script::default(),
    );
    next.restore(&books).unwrap();
    assert_eq!(next.trading_state(), TradingState::ReduceOnly);
    let resume = Input::Control(Control::Resume { by: ada() });
    next.handle_input(UnixNanos(first.now), resume);
    assert_eq!(next.trading_state(), TradingState::Active);
    let books = Snapshot::decode(&next.snapshot().encode()).unwrap();
    let mut last = Kernel::new(
        KernelConfig {
            limits: guarded(set),
            ..config(vec![instrument("AAA")])
        },
        Script::default(),
    );
    last.restore(&books).unwrap();
    assert_eq!(last.trading_state(), TradingState::Active);
}

#[test]
fn parts_of_one_order_are_one_execution() {
    let mut rig = rig(|g| {
        g.executions = Some(Pace {
            most: 1,
            window_ns: SECOND,
        });
    });
    rig.ask(&[buy(4, 9_990)]);
    rig.tell(1, ReportKind::Accepted);
    for part in 1..=4 {
        rig.tell(1, fill(1, part, 9_990));
    }
    assert_eq!(rig.kernel.trading_state(), TradingState::Active);
}

#[test]
fn an_order_may_not_meet_our_own() {
    let mut rig = rig(|g| g.no_self_trade = true);
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), None);
    rig.tell(1, ReportKind::Accepted);
    assert_eq!(verdict(&mut rig, sell(1, 9_991)), None);
    rig.tell_sell(2, ReportKind::Accepted);
    assert_eq!(verdict(&mut rig, sell(1, 9_990)), Some(Limit::SelfTrade));
    assert_eq!(verdict(&mut rig, sell_market(1)), Some(Limit::SelfTrade));
    assert_eq!(verdict(&mut rig, buy(1, 9_991)), Some(Limit::SelfTrade));
    let dearer = Wish::Replace(1, None, Some(9_991));
    assert_eq!(verdict(&mut rig, dearer), Some(Limit::SelfTrade));
    assert_eq!(verdict(&mut rig, Wish::Replace(2, None, Some(9_999))), None);
    // Both terms of a replace on its way count.
    assert_eq!(verdict(&mut rig, buy(1, 9_995)), Some(Limit::SelfTrade));
    rig.forget();
    rig.ask(&[Wish::Cancel(2)]);
    rig.tell_sell(2, ReportKind::Canceled { cum_qty: Qty(0) });
    assert_eq!(verdict(&mut rig, buy(1, 9_995)), None);
}

#[test]
fn the_price_may_not_run_away_within_a_window() {
    let mut rig = rig(|g| {
        g.price_move_bps = Some(Pace {
            most: 100,
            window_ns: 60 * SECOND,
        });
    });
    assert_eq!(verdict(&mut rig, buy(1, 10_000)), None);
    rig.now += SECOND;
    rig.book(FIRST, 10_099, 10_101);
    assert_eq!(verdict(&mut rig, buy(1, 10_100)), None);
    assert_eq!(verdict(&mut rig, buy(1, 10_101)), Some(Limit::MaxPriceMove));
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), Some(Limit::MaxPriceMove));
    rig.book(FIRST, 10_199, 10_201);
    assert_eq!(verdict(&mut rig, buy_market(1)), Some(Limit::MaxPriceMove));
    rig.now += 70 * SECOND;
    rig.book(FIRST, 10_199, 10_201);
    assert_eq!(verdict(&mut rig, buy_market(1)), None);
}

#[test]
fn a_market_order_finds_its_quantity_near_enough() {
    let mut rig = rig(|g| g.market_slippage_bps = Some(20));
    let level = |rig: &mut Rig, price, qty| {
        let event = row(FIRST, rig.now, 0, -1, price, qty);
        rig.market(&event);
    };
    // 1,000 at 100.01; one level is all that is known.
    assert_eq!(verdict(&mut rig, buy_market(5_000)), None);
    level(&mut rig, 10_020, 500);
    level(&mut rig, 10_021, 500);
    assert_eq!(verdict(&mut rig, buy_market(1_500)), None);
    assert_eq!(
        verdict(&mut rig, buy_market(1_501)),
        Some(Limit::MarketDepth)
    );
    assert_eq!(verdict(&mut rig, buy(1_501, 10_001)), None, "a limit");
    level(&mut rig, 10_001, 0);
    level(&mut rig, 10_020, 0);
    rig.book(FIRST, 9_900, 10_100);
    assert_eq!(verdict(&mut rig, buy_market(1)), Some(Limit::MarketDepth));
}

#[test]
fn the_phase_of_a_market() {
    let mut rig = two(|g| g.phases = true);
    let immediate = || {
        let mut order = OrderRequest::limit(FIRST, Side::Buy, Qty(1), Price(9_990));
        order.tif = Some(TimeInForce::Ioc);
        Wish::Submit(order)
    };
    rig.hold(FIRST, 3);
    for (phase, rests, market) in [
        (Phase::Closed, false, false),
        (Phase::Halted, false, false),
        (Phase::Auction, true, false),
        (Phase::Open, true, true),
    ] {
        rig.input(Input::Phase(FIRST, phase));
        let refused = |passes: bool| (!passes).then_some(Limit::MarketPhase);
        assert_eq!(
            verdict(&mut rig, buy(1, 9_990)),
            refused(rests),
            "{phase:?}"
        );
        assert_eq!(verdict(&mut rig, buy_market(1)), refused(market));
        assert_eq!(verdict(&mut rig, immediate()), refused(market));
        assert_eq!(verdict(&mut rig, second(Side::Buy, 1)), None);
        if phase != Phase::Open {
            assert_eq!(verdict(&mut rig, sell(1, 9_990)), None, "a reduction");
        }
    }
}

#[test]
fn net_and_concentration_and_groups() {
    let mut rig = two(|g| g.max_net_notional = Some(money("1000")));
    assert_eq!(verdict(&mut rig, buy(6, 10_000)), None);
    assert_eq!(verdict(&mut rig, second(Side::Buy, 4)), None);
    assert_eq!(
        verdict(&mut rig, second(Side::Buy, 1)),
        Some(Limit::MaxNetNotional)
    );
    // What is not executed yet takes nothing from the other side.
    assert_eq!(verdict(&mut rig, second(Side::Sell, 10)), None);
    assert_eq!(
        verdict(&mut rig, second(Side::Sell, 1)),
        Some(Limit::MaxNetNotional)
    );

    let mut rig = two(|g| g.max_concentration_e9 = Some(1_000));
    // A millionth of 1e9 of equity: 1000.
    assert_eq!(verdict(&mut rig, buy(10, 10_000)), None);
    assert_eq!(
        verdict(&mut rig, buy(1, 10_000)),
        Some(Limit::MaxConcentration)
    );
    assert_eq!(verdict(&mut rig, second(Side::Sell, 10)), None);

    let mut rig = two(|g| {
        g.groups = vec![GroupLimit {
            name: "letters".into(),
            symbols: vec!["AAA".into(), "BBB".into()],
            max_gross_notional: money("1000"),
        }];
    });
    assert_eq!(verdict(&mut rig, buy(6, 10_000)), None);
    assert_eq!(verdict(&mut rig, second(Side::Sell, 4)), None);
    assert_eq!(
        verdict(&mut rig, second(Side::Sell, 1)),
        Some(Limit::MaxGroupNotional)
    );
}

/// What sets a limit, and the control that then refuses.
type Case<'a> = (&'a dyn Fn(&mut InstrumentLimit), Limit);

#[test]
fn limits_of_one_instrument() {
    let units = |text: &str| Some(Decimal::parse(text).unwrap());
    let limit = |set: &dyn Fn(&mut InstrumentLimit)| {
        let mut limit = InstrumentLimit {
            symbol: "AAA".into(),
            ..InstrumentLimit::default()
        };
        set(&mut limit);
        two(|g| g.instruments = vec![limit])
    };
    let cases: [Case<'_>; 5] = [
        (&|l| l.max_order_qty = units("5"), Limit::MaxOrderQty),
        (
            &|l| l.max_order_notional = Some(money("500")),
            Limit::MaxOrderNotional,
        ),
        (&|l| l.max_position_qty = units("5"), Limit::MaxPositionQty),
        (
            &|l| l.max_position_notional = Some(money("500")),
            Limit::MaxPositionNotional,
        ),
        (&|l| l.max_daily_qty = units("5"), Limit::MaxDailyQty),
    ];
    for (set, control) in cases {
        let mut rig = limit(set);
        assert_eq!(verdict(&mut rig, buy(6, 10_000)), Some(control));
        assert_eq!(verdict(&mut rig, buy(5, 10_000)), None, "{control:?}");
        assert_eq!(verdict(&mut rig, second(Side::Buy, 100)), None);
    }
}

#[test]
fn what_a_day_may_bring_is_kept_between_sessions() {
    let set = |g: &mut Guards| g.max_daily_notional = Some(money("1000"));
    let mut first = two(set);
    first.hold(FIRST, 4);
    first.hold(FIRST, -4);
    assert_eq!(verdict(&mut first, second(Side::Buy, 2)), None);
    assert_eq!(
        verdict(&mut first, buy(1, 10_000)),
        Some(Limit::MaxDailyNotional)
    );
    let books = Snapshot::decode(&first.kernel.snapshot().encode()).unwrap();
    let mut next = Rig::silent(two_config(set), Script::default());
    next.kernel.restore(&books).unwrap();
    next.now = first.now;
    next.book(FIRST, 9_999, 10_001);
    next.book(SECOND_INSTRUMENT, 9_999, 10_001);
    next.control(Control::Start);
    assert_eq!(
        verdict(&mut next, buy(1, 10_000)),
        Some(Limit::MaxDailyNotional)
    );
    next.now += 24 * 3_600 * SECOND;
    assert_eq!(verdict(&mut next, buy(8, 10_000)), None, "a new day");
}

#[test]
fn a_looser_limit_is_named() {
    let tight = guarded(|g| {
        g.duplicates = TWO_A_SECOND;
        g.max_net_notional = Some(money("10"));
        g.no_self_trade = true;
        g.groups = vec![GroupLimit {
            name: "all".into(),
            symbols: vec!["AAA".into()],
            max_gross_notional: money("10"),
        }];
    });
    assert_eq!(tight.looser_than(&tight), None);
    let changed = |change: &dyn Fn(&mut RiskLimits)| {
        let mut limits = tight.clone();
        change(&mut limits);
        (limits.looser_than(&tight), tight.looser_than(&limits))
    };
    assert_eq!(
        changed(&|l| l.max_daily_loss = money("1000000000001")),
        (Some("max_daily_loss"), None)
    );
    assert_eq!(
        changed(&|l| l.guards.duplicates = None),
        (Some("max_duplicates"), None)
    );
    assert_eq!(
        changed(&|l| l.guards.max_net_notional = Some(money("9"))),
        (None, Some("max_net_notional"))
    );
    assert_eq!(
        changed(&|l| l.guards.phases = true),
        (None, Some("closed_market"))
    );
    assert_eq!(
        changed(&|l| l.guards.groups.clear()),
        (Some("groups"), None)
    );
    assert_eq!(
        changed(&|l| l.guards.no_self_trade = false),
        (Some("self_trade"), None)
    );
}

#[test]
fn an_operators_halt_holds_in_the_next_session() {
    let mut rig = Rig::one();
    rig.control(Control::Halt);
    let books = Snapshot::decode(&rig.kernel.snapshot().encode()).unwrap();
    let mut next = Rig::silent(config(vec![instrument("AAA")]), Script::default());
    next.kernel.restore(&books).unwrap();
    assert_eq!(next.kernel.trading_state(), TradingState::Halted);
    rig.control(Control::Resume { by: ada() });
    assert!(rig
        .events
        .contains(&Event::Command(Control::Resume { by: ada() })));
    rig.control(Control::Stop);
    let books = rig.kernel.snapshot();
    let mut next = Rig::silent(config(vec![instrument("AAA")]), Script::default());
    next.kernel.restore(&books).unwrap();
    assert_eq!(
        next.kernel.trading_state(),
        TradingState::Active,
        "the end of a run is no latch"
    );
}
