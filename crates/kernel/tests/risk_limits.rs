//! Every control refuses exactly beyond its limit and not one lot before; what makes a position
//! smaller passes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::event::Event;
use py_rt_kernel::risk::Control as Limit;
use py_rt_kernel::{Control, Input, KernelConfig, OrderRequest, Session};
use py_rt_types::{Decimal, Instrument, OrderStatus, Price, Qty, ReportKind, Side};
use rig::limits::{rig, two};
use rig::verdict::verdict;
use rig::{
    ada, buy, buy_market, config, instrument, loose, money, row, sell, sell_market, snapshot, spec,
    Rig, Script, Wish, FIRST, MS, SECOND, SECOND_INSTRUMENT,
};

fn request(id: py_rt_types::InstrumentId, side: Side, qty: i64) -> Wish {
    Wish::Submit(OrderRequest::market(id, side, Qty(qty)))
}

#[test]
fn order_quantity() {
    let limited = || rig(|l| l.max_order_qty = Decimal::parse("10").unwrap());
    assert_eq!(verdict(&mut limited(), buy(10, 9_990)), None);
    assert_eq!(
        verdict(&mut limited(), buy(11, 9_990)),
        Some(Limit::MaxOrderQty)
    );
    assert_eq!(
        verdict(&mut limited(), sell_market(11)),
        Some(Limit::MaxOrderQty)
    );
    let mut rig = limited();
    rig.ask(&[buy(11, 9_990)]);
    let denial = rig.events.iter().find_map(|event| match event {
        Event::Order(event) => event.denial,
        _ => None,
    });
    let denial = denial.unwrap();
    assert_eq!(
        (denial.limit.to_string(), denial.value.to_string()),
        ("10".into(), "11".into())
    );
}

#[test]
fn order_quantity_between_two_lots() {
    let mut spec = spec("AAA");
    spec.lot_size = Decimal::parse("0.4").unwrap();
    let mut config = config(vec![Instrument::try_new(spec).unwrap()]);
    config.limits.max_order_qty = Decimal::parse("1").unwrap();
    let mut rig = Rig::new(config);
    assert_eq!(verdict(&mut rig, buy(2, 9_990)), None);
    assert_eq!(verdict(&mut rig, buy(3, 9_990)), Some(Limit::MaxOrderQty));
}

#[test]
fn order_notional() {
    let mut rig = rig(|l| l.max_order_notional = money("1000"));
    assert_eq!(verdict(&mut rig, buy(10, 10_000)), None);
    assert_eq!(
        verdict(&mut rig, buy(10, 10_001)),
        Some(Limit::MaxOrderNotional)
    );
    assert_eq!(verdict(&mut rig, buy_market(10)), None);
    assert_eq!(
        verdict(&mut rig, sell_market(11)),
        Some(Limit::MaxOrderNotional)
    );
}

#[test]
fn price_collar() {
    let mut rig = rig(|l| l.price_collar_bps = 100);
    for (price, denied) in [
        (10_100, false),
        (10_101, true),
        (9_900, false),
        (9_899, true),
    ] {
        let expected = denied.then_some(Limit::PriceCollar);
        assert_eq!(verdict(&mut rig, buy(1, price)), expected, "{price}");
        assert_eq!(verdict(&mut rig, sell(1, price)), expected, "{price}");
    }
    let mut stop = OrderRequest::market(FIRST, Side::Buy, Qty(1));
    stop.stop_price = Some(Price(10_101));
    assert_eq!(
        verdict(&mut rig, Wish::Submit(stop)),
        Some(Limit::PriceCollar)
    );
}

#[test]
fn reference_price_missing_or_old() {
    let mut limits = loose();
    limits.reference_age_ns_max = SECOND;
    let mut rig = Rig::with(limits.clone());
    rig.now += SECOND;
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), None);
    rig.now += 1;
    assert_eq!(
        verdict(&mut rig, buy(1, 9_990)),
        Some(Limit::ReferencePrice)
    );
    rig.book(FIRST, 9_999, 10_001);
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), None);
    let mut other = Rig::silent(
        KernelConfig {
            limits,
            ..config(vec![instrument("AAA"), instrument("BBB")])
        },
        Script::default(),
    );
    other.control(Control::Start);
    other.book(FIRST, 9_999, 10_001);
    let unseen = request(SECOND_INSTRUMENT, Side::Buy, 1);
    assert_eq!(verdict(&mut other, unseen), Some(Limit::ReferencePrice));
}

#[test]
fn a_one_sided_crossed_or_broken_book_is_no_fresh_reference() {
    for rows in [
        vec![row(FIRST, 0, 0, -1, 10_001, 0)],
        vec![row(FIRST, 0, 0, 1, 10_050, 5)],
        vec![{
            let mut gap = row(FIRST, 0, 0, 1, 9_998, 5);
            gap.flags |= py_rt_types::GAP;
            gap
        }],
    ] {
        let mut rig = rig(|l| l.reference_age_ns_max = SECOND);
        for second in 0..5 {
            rig.now += SECOND;
            for row in &rows {
                rig.market(row);
            }
            if second > 1 {
                assert_eq!(
                    verdict(&mut rig, buy(1, 9_990)),
                    Some(Limit::ReferencePrice),
                    "{rows:?}"
                );
            }
        }
    }
}

#[test]
fn position_notional_counts_at_send_and_both_ways() {
    let mut rig = rig(|l| l.max_position_notional = money("1000"));
    rig.ask(&[buy(6, 9_990), buy(5, 9_990)]);
    assert_eq!(
        rig.new_orders().len(),
        1,
        "two orders of one callback cannot exceed jointly"
    );
    assert_eq!(rig.denial(), Some(Limit::MaxPositionNotional));
    assert_eq!(verdict(&mut rig, buy(4, 9_990)), None);
    assert_eq!(
        verdict(&mut rig, buy(1, 9_990)),
        Some(Limit::MaxPositionNotional)
    );
    assert_eq!(
        verdict(&mut rig, sell(10, 10_010)),
        None,
        "the other way is another worst case"
    );
    assert_eq!(
        verdict(&mut rig, sell(1, 10_010)),
        Some(Limit::MaxPositionNotional)
    );
    rig.tell(1, ReportKind::NewUnanswered);
    assert_eq!(
        verdict(&mut rig, buy(1, 9_990)),
        Some(Limit::MaxPositionNotional),
        "unknown counts"
    );
    rig.tell(1, ReportKind::Accepted);
    rig.tell(1, ReportKind::Canceled { cum_qty: Qty(0) });
    assert_eq!(verdict(&mut rig, buy(6, 9_990)), None, "released once");
    assert_eq!(
        verdict(&mut rig, buy(1, 9_990)),
        Some(Limit::MaxPositionNotional)
    );
}

#[test]
fn gross_notional_over_instruments() {
    let mut rig = two(|l| l.max_gross_notional = money("1000"));
    rig.hold(FIRST, 4);
    rig.ask(&[buy(2, 9_990)]);
    assert_eq!(
        verdict(&mut rig, request(SECOND_INSTRUMENT, Side::Sell, 5)),
        Some(Limit::MaxGrossNotional)
    );
    assert_eq!(
        verdict(&mut rig, request(SECOND_INSTRUMENT, Side::Sell, 4)),
        None
    );
    assert_eq!(
        verdict(&mut rig, request(FIRST, Side::Buy, 1)),
        Some(Limit::MaxGrossNotional)
    );
}

#[test]
fn open_orders() {
    let mut rig = rig(|l| l.max_open_orders = 3);
    rig.ask(&[buy(1, 9_990), buy(1, 9_990), buy(1, 9_990), buy(1, 9_990)]);
    assert_eq!(rig.new_orders().len(), 3);
    assert_eq!(rig.denial(), Some(Limit::MaxOpenOrders));
    rig.tell(1, ReportKind::Accepted);
    assert_eq!(
        verdict(&mut rig, Wish::Replace(1, Some(2), None)),
        None,
        "a replace opens nothing"
    );
    rig.tell(
        2,
        ReportKind::Rejected {
            reason: py_rt_types::RejectReason::Venue,
        },
    );
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), None);
}

#[test]
fn orders_per_second_over_any_window() {
    let mut rig = rig(|l| l.max_orders_per_second = 3);
    rig.ask(&[buy(1, 9_990)]);
    rig.tell(1, ReportKind::Accepted);
    rig.now += 400 * MS;
    rig.ask(&[buy(1, 9_990)]);
    rig.now += 400 * MS;
    assert_eq!(verdict(&mut rig, Wish::Replace(1, Some(2), None)), None);
    rig.now += 200 * MS - 1;
    assert_eq!(
        verdict(&mut rig, buy(1, 9_990)),
        Some(Limit::MaxOrdersPerSecond)
    );
    rig.now += 1;
    assert_eq!(
        verdict(&mut rig, buy(1, 9_990)),
        None,
        "the first is a second old"
    );
    assert_eq!(
        verdict(&mut rig, buy(1, 9_990)),
        Some(Limit::MaxOrdersPerSecond)
    );
}

#[test]
fn random_sending_never_exceeds_the_rate_in_any_window() {
    let mut dice = rig::Dice(0x5eed_3000);
    let mut rig = rig(|l| l.max_orders_per_second = 7);
    let mut times = Vec::new();
    for _ in 0..2_000 {
        rig.now += dice.between(0, 300) * MS;
        rig.forget();
        let wishes = vec![buy(1, 9_990); dice.between(1, 4) as usize];
        rig.ask(&wishes);
        times.extend(vec![rig.now; rig.new_orders().len()]);
        for order in rig.new_orders() {
            let reason = py_rt_types::RejectReason::Venue;
            rig.tell(
                order.client_order_id.sequence,
                ReportKind::Rejected { reason },
            );
        }
    }
    for (place, sent) in times.iter().enumerate() {
        let window = times[place..]
            .iter()
            .take_while(|later| **later < sent + SECOND);
        assert!(window.count() <= 7, "seed 0x5eed3000 from {sent}");
    }
}

#[test]
fn buying_power() {
    let mut limits = loose();
    limits.max_leverage_e9 = 2_000_000_000;
    let cash = money("500");
    let mut rig = Rig::new(KernelConfig {
        limits,
        cash,
        ..config(vec![instrument("AAA")])
    });
    assert_eq!(verdict(&mut rig, buy(11, 9_990)), Some(Limit::BuyingPower));
    assert_eq!(verdict(&mut rig, buy(10, 9_990)), None);
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), Some(Limit::BuyingPower));
}

#[test]
fn short_selling() {
    let mut spec = spec("AAA");
    spec.shortable = false;
    let mut rig = Rig::new(config(vec![Instrument::try_new(spec).unwrap()]));
    assert_eq!(
        verdict(&mut rig, sell(1, 10_010)),
        Some(Limit::NotShortable)
    );
    rig.hold(FIRST, 5);
    assert_eq!(
        verdict(&mut rig, sell(6, 10_010)),
        Some(Limit::NotShortable)
    );
    rig.forget();
    rig.ask(&[sell(3, 10_010), sell(3, 10_010), sell(2, 10_010)]);
    assert_eq!(rig.new_orders().len(), 2, "3 and 2, never 3 and 3");
    assert_eq!(
        verdict(&mut rig, sell(1, 10_010)),
        Some(Limit::NotShortable)
    );
}

#[test]
fn least_quantity_and_value() {
    let mut spec = spec("AAA");
    spec.min_qty = Decimal::parse("4.5").unwrap();
    spec.min_notional = Decimal::parse("600").unwrap();
    let mut rig = Rig::new(config(vec![Instrument::try_new(spec).unwrap()]));
    assert_eq!(verdict(&mut rig, buy(4, 10_000)), Some(Limit::MinQty));
    assert_eq!(verdict(&mut rig, buy(5, 10_000)), Some(Limit::MinNotional));
    assert_eq!(verdict(&mut rig, buy(6, 10_000)), None);
    assert_eq!(verdict(&mut rig, buy(6, 9_999)), Some(Limit::MinNotional));
    for qty in [0, -1, i64::MIN] {
        assert_eq!(verdict(&mut rig, buy(qty, 10_000)), Some(Limit::MinQty));
    }
}

#[test]
fn reduce_only_orders_reduce() {
    let mut rig = Rig::one();
    let reduce = |side, qty| {
        let mut request = OrderRequest::market(FIRST, side, Qty(qty));
        request.reduce_only = true;
        Wish::Submit(request)
    };
    assert_eq!(
        verdict(&mut rig, reduce(Side::Sell, 1)),
        Some(Limit::ReduceOnly)
    );
    rig.hold(FIRST, 5);
    assert_eq!(
        verdict(&mut rig, reduce(Side::Buy, 1)),
        Some(Limit::ReduceOnly)
    );
    assert_eq!(
        verdict(&mut rig, reduce(Side::Sell, 6)),
        Some(Limit::ReduceOnly)
    );
    assert_eq!(verdict(&mut rig, reduce(Side::Sell, 5)), None);
    assert_eq!(
        verdict(&mut rig, reduce(Side::Sell, 1)),
        Some(Limit::ReduceOnly)
    );
}

#[test]
fn numbers_that_do_not_fit_are_refused_never_wrapped() {
    let mut limits = loose();
    limits.max_order_qty = Decimal::parse("100000000000000000000").unwrap();
    for held in [0, 100, -100] {
        let mut rig = Rig::with(limits.clone());
        if held != 0 {
            rig.hold(FIRST, held);
        }
        rig.ask(&[buy(5, 9_990), sell(5, 10_010)]);
        let wishes = [
            buy(i64::MAX, 9_990),
            sell(i64::MAX, 9_990),
            sell_market(i64::MAX),
            buy_market(i64::MAX - 3),
            buy(i64::MAX / 20_000, i64::MAX),
        ];
        for wish in wishes {
            assert!(verdict(&mut rig, wish).is_some(), "{held} {wish:?}");
        }
        let next = rig.kernel.next_sequence();
        for sequence in 1..next {
            rig.tell(sequence, ReportKind::Accepted);
        }
        rig.forget();
        for sequence in 1..next {
            rig.ask(&[
                Wish::Replace(sequence, Some(i64::MAX), None),
                Wish::Replace(sequence, Some(i64::MIN), None),
            ]);
        }
        assert!(rig.replaces().is_empty(), "{held}");
    }
}

fn stressed() -> Rig {
    let mut rig = rig(|l| {
        l.max_order_qty = Decimal::parse("10").unwrap();
        l.max_position_notional = money("1000");
        l.max_open_orders = 1;
        l.max_orders_per_second = 2;
        l.price_collar_bps = 10;
        l.reference_age_ns_max = SECOND;
    });
    rig.hold(FIRST, 10);
    rig
}

#[test]
fn reductions_pass_beyond_every_limit() {
    let mut rig = stressed();
    rig.book(FIRST, 19_999, 20_001);
    rig.now += 10 * SECOND;
    rig.ask(&[
        sell(2, 10_000),
        sell(2, 9_000),
        sell(2, 9_000),
        sell(2, 9_000),
        sell(2, 9_000),
    ]);
    assert_eq!(rig.new_orders().len(), 5);
    assert!(
        verdict(&mut rig, sell(1, 10_000)).is_some(),
        "one lot more would turn the position"
    );
}

#[test]
fn cancels_and_reductions_pass_when_halted_and_nothing_else() {
    for control in [Control::ReduceOnly, Control::Halt] {
        let mut rig = Rig::one();
        rig.hold(FIRST, 10);
        rig.ask(&[buy(1, 9_990)]);
        rig.tell(2, ReportKind::Accepted);
        rig.forget();
        rig.control(control);
        let halted = control == Control::Halt;
        assert_eq!(rig.cancels().len(), usize::from(halted));
        assert_eq!(verdict(&mut rig, buy(1, 9_990)), Some(Limit::TradingState));
        assert_eq!(
            verdict(&mut rig, sell(11, 10_010)),
            Some(Limit::TradingState)
        );
        assert_eq!(verdict(&mut rig, sell(10, 10_010)), None);
        let reducing = rig.kernel.next_sequence() - 1;
        let reason = py_rt_types::RejectReason::Venue;
        rig.tell(reducing, ReportKind::Rejected { reason });
        rig.ask(&[sell(4, 10_010)]);
        let last = rig.kernel.next_sequence() - 1;
        rig.tell(last, ReportKind::Accepted);
        rig.forget();
        rig.ask(&[Wish::Cancel(last)]);
        assert_eq!(rig.cancels().len(), 1);
        rig.control(Control::Resume { by: ada() });
        assert_eq!(verdict(&mut rig, buy(1, 9_990)), None);
    }
}

#[test]
fn a_second_halt_cancels_what_works_since_the_first() {
    let mut rig = Rig::one();
    rig.hold(FIRST, 10);
    rig.control(Control::Halt);
    rig.ask(&[sell(4, 10_010)]);
    rig.tell(2, ReportKind::Accepted);
    rig.forget();
    rig.control(Control::Halt);
    assert_eq!(rig.cancels().len(), 1);
}

#[test]
fn nothing_is_sent_before_books_agree_but_cancels_are() {
    let mut rig = Rig::one();
    rig.hold(FIRST, 10);
    rig.ask(&[buy(1, 9_990)]);
    rig.tell(2, ReportKind::Accepted);
    rig.input(Input::Session(Session::Disconnected));
    assert_eq!(verdict(&mut rig, buy(1, 9_990)), Some(Limit::NotReconciled));
    assert_eq!(
        verdict(&mut rig, sell(1, 10_010)),
        Some(Limit::NotReconciled)
    );
    rig.forget();
    rig.ask(&[Wish::Cancel(2)]);
    assert_eq!(rig.cancels().len(), 1);
    rig.tell(2, snapshot(OrderStatus::Canceled, 1, 0));
    assert_eq!(rig.status(2), OrderStatus::Canceled);
}
