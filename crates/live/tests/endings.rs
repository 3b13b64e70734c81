//! How sessions end in virtual time while the venue owes them an answer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::cell::RefCell;
use std::rc::Rc;

use py_rt_kernel::signal::{Context, Interests, OrderRequest, Strategy};
use py_rt_types::{InstrumentId, MarketEvent, Price, Qty, Side};
use rig::asserts::{assert_replays, assert_replays_as, assert_same_books};
use rig::{config, live_with, undisturbed, Death, Fuse, Listener, Scratch, World};

fn world() -> Rc<RefCell<World>> {
    Rc::new(RefCell::new(World::new()))
}

#[test]
fn the_end_waits_until_an_order_that_never_arrived_is_proved_absent() {
    for settle_s in [3, 7, 13] {
        let what = format!("settle time of {settle_s} s");
        let (world, scratch) = (world(), Scratch::new("unheard"));
        world.borrow_mut().faults.unheard_every = 3;
        let mut config = config(scratch.path(), 2);
        config.times.settle_ns = settle_s * 1_000_000_000;
        let mut listener = Listener::default();
        let summary = undisturbed(&world, &config, &mut listener).unwrap();
        assert!(summary.orders > 3, "{what}: {summary:?}");
        assert_same_books(&world.borrow(), &summary, &what);
        assert_replays(&summary, &what);
    }
}

/// Buys, and closes when it is told that the run ends.
#[derive(Default)]
struct Parting(u64);

impl Strategy for Parting {
    fn interests(&self) -> Interests {
        Interests::BOOK
    }

    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        self.0 += 1;
        if self.0 == 10 {
            let price = ctx.market(event.instrument).unwrap().top().ask_price;
            let order = OrderRequest::limit(event.instrument, Side::Buy, Qty(1), price);
            ctx.submit(order);
        }
    }

    fn on_stop(&mut self, ctx: &mut Context<'_>) {
        let price = Price(ctx.market(InstrumentId(0)).unwrap().top().ask_price.0 + 9);
        let mut order = OrderRequest::limit(InstrumentId(0), Side::Sell, Qty(1), price);
        order.reduce_only = true;
        ctx.submit(order);
    }
}

#[test]
fn the_end_waits_for_an_order_that_was_sent_at_the_end() {
    for settle_s in [3, 13] {
        let what = format!("settle time of {settle_s} s");
        let (world, scratch) = (world(), Scratch::new("parting"));
        world.borrow_mut().faults.unheard_every = 2;
        let mut config = config(scratch.path(), 2);
        config.cancel_on_stop = false;
        config.times.settle_ns = settle_s * 1_000_000_000;
        let (never, death) = (Fuse::of(u64::MAX), Death::default());
        let mut listener = Listener::default();
        let strategy = Parting::default;
        let summary = live_with(&world, &config, &never, death, &mut listener, strategy).unwrap();
        assert_eq!(summary.orders, 2, "{what}");
        assert_same_books(&world.borrow(), &summary, &what);
        assert_replays_as(Parting::default, &summary, &what);
    }
}
