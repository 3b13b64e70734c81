//! Flat, on demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::event::{Event, TradingState};
use py_rt_kernel::risk::Control as Limit;
use py_rt_kernel::Control;
use py_rt_types::{InstrumentId, Price, Qty, ReportKind, Side, UnixNanos};
use rig::guards::two;
use rig::{buy, fill, loose, sell, Rig, FIRST, SECOND};

fn flattened(rig: &Rig) -> Option<u32> {
    rig.events.iter().rev().find_map(|event| match event {
        Event::Flattened { left } => Some(*left),
        _ => None,
    })
}

#[test]
fn flatten_cancels_waits_and_closes_within_the_collar() {
    let mut limits = loose();
    limits.price_collar_bps = 50;
    let mut rig = Rig::with(limits);
    rig.hold(FIRST, 5);
    rig.ask(&[buy(3, 9_990)]);
    rig.tell(2, ReportKind::Accepted);
    rig.forget();
    rig.control(Control::Flatten);
    assert_eq!((rig.cancels().len(), rig.new_orders().len()), (1, 0));
    rig.ask(&[sell(1, 10_000)]);
    assert_eq!(
        rig.denial(),
        Some(Limit::TradingState),
        "only flattening closes"
    );
    rig.forget();
    // One was executed meanwhile.
    rig.tell(2, fill(1, 1, 9_990));
    rig.tell(2, ReportKind::Canceled { cum_qty: Qty(1) });
    let closing = rig.new_orders();
    assert_eq!(closing.len(), 1);
    let order = closing[0];
    assert_eq!(
        (
            order.side,
            order.order_qty,
            order.limit_price,
            order.reduce_only
        ),
        (Side::Sell, Qty(6), Some(Price(9_951)), true)
    );
    let id = order.client_order_id.sequence;
    rig.tell_sell(id, ReportKind::Accepted);
    rig.tell_sell(id, fill(4, 4, 9_960));
    rig.forget();
    rig.pass(3 * SECOND);
    assert_eq!(rig.cancels().len(), 1, "what is left is asked for anew");
    rig.tell_sell(id, ReportKind::Canceled { cum_qty: Qty(4) });
    let again = rig.new_orders();
    assert_eq!(again[0].order_qty, Qty(2));
    let id = again[0].client_order_id.sequence;
    rig.tell_sell(id, fill(2, 2, 9_960));
    assert_eq!((rig.held(), flattened(&rig)), (0, Some(0)));
    assert_eq!(rig.kernel.trading_state(), TradingState::Halted);
    rig.forget();
    rig.control(Control::Flatten);
    assert_eq!((rig.sent.len(), flattened(&rig)), (0, Some(0)), "again");
}

#[test]
fn flatten_says_what_remains() {
    let mut rig = two(|_| {});
    rig.hold(FIRST, 2);
    rig.forget();
    rig.control(Control::Flatten);
    for _ in 0..5 {
        let last = rig.new_orders().pop().unwrap();
        let id = last.client_order_id.sequence;
        rig.tell_sell(id, ReportKind::Canceled { cum_qty: Qty(0) });
    }
    let left = Event::LeftOver {
        instrument: InstrumentId(0),
        qty: Qty(2),
    };
    assert!(rig.events.contains(&left));
    assert_eq!(
        (flattened(&rig), rig.kernel.is_flattening()),
        (Some(1), false)
    );
    assert_eq!(rig.kernel.poll_timeout(), UnixNanos::MAX);
}
