//! A passive quote on each side of the middle, skewed by what is held.
//!
//! Half of the quoted spread is `half_spread_ticks`, or half of the market's own spread when that
//! is wider. Both quotes shift against the position: by `skew_ticks` when it is as large as
//! `max_position`. A quote is replaced only when its tick moves; a side whose order is on its way
//! is left alone; what would pass `max_position`, or sell what is not held where selling short is
//! not possible, is not quoted. While the book cannot be believed, or nothing new may be sent,
//! quotes are withdrawn.

use py_rt_kernel::execution::Order;
use py_rt_kernel::market::Top;
use py_rt_kernel::{Context, Interests, OrderRequest, Strategy};
use py_rt_types::{Instrument, InstrumentId, MarketEvent, OrderStatus, Price, Qty, Side};

use crate::error::StrategyError;
use crate::params::{ParamSpec, Params};
use crate::selection::{float, lots, per_instrument};

/// What it is called with.
pub(crate) static PARAMS: [ParamSpec; 5] = [
    ParamSpec::text("symbol", "symbol to trade; \"\" for every one of the run"),
    ParamSpec::float("order_qty", 0.01, "quantity of a quote [units]"),
    ParamSpec::float(
        "half_spread_ticks",
        50.0,
        "from the middle to a quote [ticks], 0.5 or more",
    ),
    ParamSpec::float(
        "skew_ticks",
        300.0,
        "shift of both quotes at max_position [ticks], 0 or more",
    ),
    ParamSpec::float("max_position", 0.1, "largest position either way [units]"),
];

/// The strategy, with the same rules for every instrument.
#[derive(Debug, Clone)]
pub struct MarketMaker {
    desks: Vec<Option<Desk>>,
    half_spread: f64,
    skew: f64,
}

/// Sizes of one instrument in lots, and what makes an order too small to be sent.
#[derive(Debug, Clone, Copy)]
struct Desk {
    order_qty: i64,
    position_max: i64,
    position_min: i64,
    order_qty_min: i64,
    notional_min: f64,
    tick: f64,
    lot: f64,
    multiplier: f64,
}

/// One side as it should be: no order when `qty` is 0.
#[derive(Debug, Clone, Copy)]
struct Want {
    side: Side,
    price: i64,
    qty: i64,
}

impl MarketMaker {
    pub(crate) fn try_new(
        params: &Params<'_>,
        instruments: &[Instrument],
    ) -> Result<Self, StrategyError> {
        let half_spread = params.number("half_spread_ticks", 0.5)?;
        let skew = params.number("skew_ticks", 0.0)?;
        let desks = per_instrument(params, instruments, |instrument| {
            let order_qty = lots(params, "order_qty", instrument)?.0;
            let position_max = lots(params, "max_position", instrument)?.0;
            let spec = instrument.spec();
            Ok(Desk {
                order_qty,
                position_max,
                position_min: if spec.shortable { -position_max } else { 0 },
                order_qty_min: instrument.min_qty().0.max(1),
                notional_min: float(spec.min_notional),
                tick: float(spec.tick_size),
                lot: float(spec.lot_size),
                multiplier: float(spec.multiplier),
            })
        })?;
        Ok(Self {
            desks,
            half_spread,
            skew,
        })
    }

    /// Where the two quotes belong, bid and ask [ticks].
    #[inline]
    fn prices(&self, desk: &Desk, top: &Top, held: i64) -> (i64, i64) {
        let (best_bid, best_ask) = (top.bid_price.0, top.ask_price.0);
        let mid = (best_bid + best_ask) as f64 * 0.5;
        let half = self.half_spread.max((best_ask - best_bid) as f64 * 0.5);
        let share = (held as f64 / desk.position_max as f64).clamp(-1.0, 1.0);
        let middle = mid - self.skew * share;
        let bid = (middle - half).floor() as i64;
        let ask = (middle + half).ceil() as i64;
        (bid.min(best_ask - 1), ask.max(best_bid + 1))
    }
}

impl Desk {
    /// How much one side may quote at a price, 0 for nothing [lots].
    #[inline]
    fn size(&self, price: i64, room: i64) -> i64 {
        let qty = self.order_qty.min(room);
        let notional = price as f64 * self.tick * (qty as f64 * self.lot) * self.multiplier;
        if qty >= self.order_qty_min && notional >= self.notional_min {
            qty
        } else {
            0
        }
    }
}

impl Strategy for MarketMaker {
    fn interests(&self) -> Interests {
        Interests::BOOK
    }

    #[inline]
    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        let id = event.instrument;
        let Some(Some(desk)) = self.desks.get(id.index()) else {
            return;
        };
        let Some(market) = ctx.market(id) else {
            return;
        };
        let top = market.top();
        let shown = top.bid_qty.0 > 0 && top.ask_qty.0 > 0 && top.bid_price < top.ask_price;
        if !(ctx.tradable() && market.valid() && shown) {
            return withdraw(ctx, id);
        }
        let held = ctx.position(id).qty.0;
        let (bid, ask) = self.prices(desk, &top, held);
        let Some(instrument) = ctx.instruments().get(id.index()) else {
            return;
        };
        let bid = instrument.floor_price(Price(bid)).0;
        let ask = instrument.ceil_price(Price(ask)).0;
        let (buy_room, sell_room) = (desk.position_max - held, held - desk.position_min);
        let wants = [
            Want {
                side: Side::Buy,
                price: bid,
                qty: desk.size(bid, buy_room),
            },
            Want {
                side: Side::Sell,
                price: ask,
                qty: desk.size(ask, sell_room),
            },
        ];
        wants.iter().for_each(|want| keep(ctx, id, want));
    }
}

const fn is_working(order: &Order) -> bool {
    matches!(
        order.status,
        OrderStatus::New | OrderStatus::PartiallyFilled
    )
}

/// Cancels what works in an instrument.
#[cold]
fn withdraw(ctx: &mut Context<'_>, id: InstrumentId) {
    let mine = |order: &&Order| order.instrument == id && is_working(order);
    for order in ctx.orders().filter(mine) {
        ctx.cancel(order.client_order_id);
    }
}

/// Brings one side to what is wanted: the oldest order is the quote, others are cancelled.
#[inline]
fn keep(ctx: &mut Context<'_>, id: InstrumentId, want: &Want) {
    let mut quote: Option<&Order> = None;
    let mine = |order: &&Order| order.instrument == id && order.side == want.side;
    for order in ctx.orders().filter(mine) {
        if quote.is_none() {
            quote = Some(order);
        } else if is_working(order) {
            ctx.cancel(order.client_order_id);
        }
    }
    match quote {
        None if want.qty > 0 => {
            let (qty, price) = (Qty(want.qty), Price(want.price));
            ctx.submit(OrderRequest::limit(id, want.side, qty, price));
        }
        Some(order) if is_working(order) && want.qty == 0 => ctx.cancel(order.client_order_id),
        Some(order) if is_working(order) && order.limit_price != Some(Price(want.price)) => {
            let total = Qty(order.cum_qty.0 + want.qty);
            ctx.replace(order.client_order_id, Some(total), Some(Price(want.price)));
        }
        _ => {}
    }
}
