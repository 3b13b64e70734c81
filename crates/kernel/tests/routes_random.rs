//! Children of a routed parent never exceed it, whatever three venues do: refusals, silence, late
//! executions, gaps in books, halted markets. And a journal replays to the same orders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::collections::BTreeMap;

use py_rt_kernel::event::Event;
use py_rt_kernel::execution::parents::{Algorithm, EndPolicy, ParentRequest, ParentTerms};
use py_rt_kernel::input::Phase;
use py_rt_kernel::journal::{encode_input, Entry};
use py_rt_kernel::market::{ListingTerms, Listings};
use py_rt_kernel::{Context, Control, Input, Interests, Kernel, Output, Request, Strategy};
use py_rt_types::{
    ClientOrderId, ExecId, Instrument, InstrumentId, Liquidity, MarketEvent, Money, NewOrder,
    Price, Qty, RejectReason, Report, ReportKind, Side, UnixNanos,
};
use rig::routes::venue;
use rig::{config, row, told, Dice, FIRST, MS, SECOND};

/// Lots of the parent in a lot of each venue.
const LOTS: [i64; 3] = [1, 10, 5];

fn instruments() -> Vec<Instrument> {
    vec![
        venue("AAA@0", "0.01", "1", "3"),
        venue("AAA@1", "0.05", "10", "20"),
        venue("AAA@2", "0.01", "5", "0"),
    ]
}

fn listings() -> Listings {
    let terms = |(taker_e9, order_ns)| ListingTerms {
        product: 0,
        taker_e9,
        per_unit: Money::ZERO,
        order_ns,
    };
    let terms = [(100_000, 3 * MS), (0, 50 * MS), (-20_000, MS)].map(terms);
    Listings::try_new(&instruments(), &terms).unwrap()
}

/// Asks for what the dice say that a print carries in its order id; so it is a function of its
/// inputs.
#[derive(Debug, Default)]
struct Asker;

impl Strategy for Asker {
    fn interests(&self) -> Interests {
        Interests::TRADE
    }
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        let mut dice = Dice(trade.order_id);
        let open: Vec<ClientOrderId> = ctx.parents().map(|p| p.client_order_id).collect();
        let any = |dice: &mut Dice| open[dice.between(0, open.len() as i64 - 1) as usize];
        match dice.between(0, 5) {
            0 if !open.is_empty() => ctx.cancel(any(&mut dice)),
            1 | 2 if !open.is_empty() => {
                let price = dice.one_in(2).then(|| Price(dice.between(9_980, 10_020)));
                ctx.replace(any(&mut dice), Some(Qty(dice.between(1, 250))), price);
            }
            3 if dice.one_in(20) => ctx.cancel_all(Some(InstrumentId(1))),
            _ => drop(ctx.execute(any_route(&mut dice, ctx.now().0))),
        }
    }
}

fn any_route(dice: &mut Dice, now: i64) -> ParentRequest {
    let mut terms = ParentTerms::between(
        UnixNanos(now + dice.between(0, 2) * SECOND),
        UnixNanos(now + dice.between(3, 40) * SECOND),
    );
    terms.min_child_qty = Qty(dice.between(1, 30));
    terms.max_slippage_bps = dice.one_in(3).then(|| dice.between(0, 30) as u32);
    if dice.one_in(3) {
        terms.end_policy = EndPolicy::Complete;
    }
    let side = if dice.one_in(2) {
        Side::Buy
    } else {
        Side::Sell
    };
    ParentRequest {
        instrument: FIRST,
        side,
        order_qty: Qty(dice.between(1, 200)),
        limit_price: dice
            .one_in(2)
            .then(|| Price(10_000 + dice.between(-20, 20))),
        algorithm: Algorithm::Route {
            every_ns: dice.between(1, 2_000) * MS,
            max_age_ns: dice.between(1, 20) * SECOND,
            latency_cost_bps: dice.between(0, 100) as u32,
        },
        terms,
        weights: Vec::new(),
        tag: 0,
    }
}

/// An order as it stands at its venue, in truth: whether it arrived, may execute, and did.
struct Real {
    order: NewOrder,
    parent: u64,
    arrived: bool,
    over: bool,
    cum: i64,
}

struct World {
    kernel: Kernel<Asker>,
    dice: Dice,
    now: i64,
    journal: Vec<Vec<u8>>,
    real: BTreeMap<u64, Real>,
    parents: BTreeMap<u64, i64>,
    seed: u64,
}

fn fresh() -> Kernel<Asker> {
    Kernel::new(config(instruments()), Asker).with_listings(listings())
}

impl World {
    fn new(seed: u64) -> Self {
        let mut world = Self {
            kernel: fresh(),
            dice: Dice(seed),
            now: 10 * SECOND,
            journal: Vec::new(),
            real: BTreeMap::new(),
            parents: BTreeMap::new(),
            seed,
        };
        (0..3).for_each(|id| world.book(id));
        world.feed(Input::Control(Control::Start));
        world
    }

    fn feed(&mut self, input: Input<'_>) {
        let now = UnixNanos(self.now);
        let mut bytes = Vec::new();
        encode_input(now, &input, &mut bytes);
        self.journal.push(bytes);
        self.kernel.handle_input(now, input);
        while let Some(output) = self.kernel.poll_output() {
            match output {
                Output::Send(Request::New(approved)) => self.take(*approved.order()),
                Output::Send(Request::Cancel(cancel)) => {
                    self.cancel(cancel.client_order_id.sequence);
                }
                Output::Emit(Event::Parent(event)) => {
                    let parent = event.parent;
                    let id = parent.client_order_id.sequence;
                    self.parents.insert(id, parent.order_qty.0);
                    assert!(parent.cum_qty <= parent.order_qty, "seed {}", self.seed);
                }
                _ => {}
            }
        }
        self.check();
    }

    fn take(&mut self, order: NewOrder) {
        let sequence = order.client_order_id.sequence;
        let known = self.kernel.orders().find(order.client_order_id);
        let parent = known.map_or(0, |order| order.parent);
        assert!(order.order_qty.0 > 0 && parent > 0, "seed {}", self.seed);
        let real = Real {
            order,
            parent,
            arrived: false,
            over: false,
            cum: 0,
        };
        assert!(self.real.insert(sequence, real).is_none());
    }

    fn cancel(&mut self, sequence: u64) {
        if let Some(real) = self.real.get_mut(&sequence) {
            // What is on its way executes nothing any more either: the venue holds both in order.
            real.over |= real.arrived;
        }
    }

    /// The law, in lots of the parent: what the venues executed or still may is no more than it.
    fn check(&self) {
        for (id, order_qty) in &self.parents {
            let children = self.real.values().filter(|real| real.parent == *id);
            let may = children.map(|real| {
                let lots = if real.over {
                    real.cum
                } else {
                    real.order.order_qty.0
                };
                lots * LOTS[real.order.instrument.index()]
            });
            let may: i64 = may.sum();
            assert!(
                may <= *order_qty,
                "seed {}: {may} may come of parent {id} of {order_qty}",
                self.seed
            );
        }
    }

    fn book(&mut self, id: u32) {
        let per_tick = if id == 1 { 5 } else { 1 };
        let bid = (10_000 + self.dice.between(-15, 15)) / per_tick;
        let mut clear = row(InstrumentId(id), self.now, 2, 0, 0, 0);
        clear.flags = 0;
        self.feed(Input::Market(&clear));
        for level in 0..4 {
            for (side, best) in [(1, bid), (-1, bid + 1)] {
                let price = best - i64::from(side) * level;
                let qty = self.dice.between(1, 40);
                let mut event = row(InstrumentId(id), self.now, 0, side, price, qty);
                event.flags = u16::from(level == 3 && side == -1);
                self.feed(Input::Market(&event));
            }
        }
    }

    fn tell(&mut self, sequence: u64, kind: ReportKind) {
        let order = self.real[&sequence].order;
        let report = Report {
            side: order.side,
            instrument: order.instrument,
            ..told(sequence, self.now, kind)
        };
        self.feed(Input::Report(&report));
    }

    /// Something happens to an order at its venue.
    fn stir(&mut self) {
        let live = self.real.iter().filter(|(_, real)| !real.over);
        let live: Vec<u64> = live.map(|(sequence, _)| *sequence).collect();
        if live.is_empty() {
            return;
        }
        let sequence = live[self.dice.between(0, live.len() as i64 - 1) as usize];
        let what = self.dice.between(0, 9);
        let Some(real) = self.real.get_mut(&sequence) else {
            return;
        };
        let cum_qty = Qty(real.cum);
        let kind = match (real.arrived, what) {
            (false, 0 | 1) => {
                real.over = true;
                ReportKind::Rejected {
                    reason: RejectReason::Venue,
                }
            }
            // The venue does not find it, and may be wrong.
            (false, 2..=4) => ReportKind::NotFound,
            (false, _) => {
                real.arrived = true;
                ReportKind::Accepted
            }
            (true, 0..=2) => {
                real.over = true;
                ReportKind::Canceled { cum_qty }
            }
            (true, _) => {
                let last = self.dice.between(1, real.order.order_qty.0 - real.cum);
                real.cum += last;
                real.over = real.cum == real.order.order_qty.0;
                ReportKind::Fill {
                    exec_id: ExecId(u128::from(sequence) << 32 | real.cum as u128),
                    last_qty: Qty(last),
                    last_price: real.order.limit_price.unwrap(),
                    cum_qty: Qty(real.cum),
                    fee: Money::ZERO,
                    fee_asset: py_rt_types::FeeAsset::Quote,
                    liquidity: Liquidity::Taker,
                }
            }
        };
        let heard = !self.dice.one_in(5) || matches!(kind, ReportKind::Fill { .. });
        if heard {
            self.tell(sequence, kind);
        }
    }

    fn pass(&mut self) {
        let end = self.now + self.dice.between(1, 2_000) * MS;
        while self.kernel.poll_timeout().0 <= end {
            self.now = self.now.max(self.kernel.poll_timeout().0);
            self.feed(Input::Timer);
        }
        self.now = end;
    }

    fn step(&mut self) {
        let id = self.dice.between(0, 2) as u32;
        match self.dice.between(0, 11) {
            0 => {
                let mut print = row(FIRST, self.now, 1, 1, 10_000, 1);
                print.order_id = self.dice.roll();
                self.feed(Input::Market(&print));
            }
            1 if self.dice.one_in(6) => {
                let mut gap = row(InstrumentId(id), self.now, 2, 0, 0, 0);
                gap.flags = 3;
                self.feed(Input::Market(&gap));
            }
            2 if self.dice.one_in(6) => {
                let phase = [Phase::Halted, Phase::Open, Phase::Open][id as usize];
                self.feed(Input::Phase(InstrumentId(id), phase));
            }
            1..=4 => self.book(id),
            5..=9 => self.stir(),
            _ => self.pass(),
        }
    }
}

/// What a run came to: its hash, and how many children each venue executed some of.
fn run(seed: u64, steps: usize) -> (World, [usize; 3]) {
    let mut world = World::new(seed);
    (0..steps).for_each(|_| world.step());
    let mut executed = [0; 3];
    for real in world.real.values().filter(|real| real.cum > 0) {
        executed[real.order.instrument.index()] += 1;
    }
    (world, executed)
}

#[test]
fn children_never_exceed_a_routed_parent() {
    let (mut sum, mut sent) = ([0; 3], 0);
    for seed in 1..=400 {
        let (world, executed) = run(seed, 400);
        sum = [0, 1, 2].map(|venue| sum[venue] + executed[venue]);
        sent += world.real.len();
    }
    assert!(sent > 5_000, "{sent} children");
    assert!(sum.iter().all(|count| *count > 300), "{sum:?}");
}

#[test]
fn a_journal_replays_to_the_same_orders_and_books() {
    for seed in 900..920 {
        let (world, _) = run(seed, 600);
        let mut again = fresh();
        for bytes in &world.journal {
            let Ok(Entry::Input(now, input)) = Entry::decode(bytes) else {
                panic!("an input");
            };
            again.handle_input(now, input.as_input());
            again.clear_outputs();
        }
        assert_eq!(again.order_hash(), world.kernel.order_hash(), "seed {seed}");
        assert_eq!(again.snapshot(), world.kernel.snapshot(), "seed {seed}");
    }
}
