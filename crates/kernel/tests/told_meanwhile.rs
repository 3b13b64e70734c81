//! What the venue tells while books are being compared, after the question that would have shown
//! it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use py_rt_kernel::{Control, Input, KernelConfig, Session};
use py_rt_types::{OrderStatus, Qty, Query, ReportKind, Side};
use rig::reconcile::{Held, Venue};
use rig::{buy, config, instrument, Rig, Script, FIRST};

#[test]
fn an_execution_that_an_end_tells_of_behind_the_lists_is_asked_for_once_books_agree() {
    let apart = KernelConfig {
        reconciled: false,
        ..config(vec![instrument("AAA")])
    };
    let (mut rig, mut venue) = (Rig::silent(apart, Script::default()), Venue::default());
    rig.book(FIRST, 9_999, 10_001);
    rig.control(Control::Start);
    rig.input(Input::Session(Session::Connected));
    venue.answer(&mut rig);
    rig.ask(&[buy(100, 9_990)]);
    let sequence = rig.kernel.next_sequence() - 1;
    let held = Held {
        qty: 100,
        cum: 0,
        status: OrderStatus::New,
        side: Side::Buy,
    };
    venue.orders.insert(sequence, held);
    rig.tell(sequence, ReportKind::Accepted);
    rig.input(Input::Session(Session::Disconnected));
    rig.forget();
    rig.input(Input::Session(Session::Connected));
    while let [query, ..] = rig.queries()[..] {
        rig.sent.clear();
        if query == Query::Account {
            let cum_qty = Qty(30);
            rig.tell(sequence, ReportKind::Canceled { cum_qty });
        }
        venue.answer_one(&mut rig, query);
        if query == Query::Account {
            break;
        }
    }
    assert!(rig.kernel.is_reconciled());
    let asked = rig.queries();
    assert!(
        matches!(asked[..], [Query::Fills { .. }]),
        "the 30 that the end told of are booked nowhere: {asked:?}"
    );
}
