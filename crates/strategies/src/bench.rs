//! Workloads that benches run beside other engines, by rules that are the same there.
//!
//! The maker: a post-only bid and ask of 0.001, one tick outside the touch, and one tick more on
//! the side that would add to a position above 0.05. A side is cancelled and sent anew only when
//! its tick moves, whether it was filled or not, and left alone while an order of it is on its way,
//! so at most four are open.

use py_rt_kernel::execution::Order;
use py_rt_kernel::{Context, Interests, OrderRequest, Strategy};
use py_rt_types::{
    Decimal, Instrument, InstrumentId, MarketEvent, OrderStatus, Price, Qty, Side, TypeError,
};

use crate::error::StrategyError;

/// The timer of the maker that looks at the book every so often.
const LOOK: u32 = 1;
const TEN_MS_NS: i64 = 10_000_000;

/// Reads the touch on every row and trades nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct BenchTouch {
    checksum: i64,
}

impl BenchTouch {
    /// The sum of all touches read, so that no reading can be left out.
    #[must_use]
    pub const fn checksum(&self) -> i64 {
        self.checksum
    }

    #[inline]
    fn read(&mut self, ctx: &Context<'_>, event: &MarketEvent) {
        if let Some(market) = ctx.market(event.instrument) {
            let top = market.top();
            let touch = top.bid_price.0.wrapping_add(top.ask_price.0);
            self.checksum = self.checksum.wrapping_add(touch);
        }
    }
}

impl Strategy for BenchTouch {
    fn interests(&self) -> Interests {
        Interests::TRADE.and(Interests::BOOK)
    }

    #[inline]
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        self.read(ctx, trade);
    }

    #[inline]
    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        self.read(ctx, event);
    }
}

/// The maker of the rules above, on every row or every 10 ms.
#[derive(Debug, Clone)]
pub struct BenchMaker {
    desks: Vec<Desk>,
    every_row: bool,
}

/// Sizes of one instrument in lots, and where each side was sent last.
#[derive(Debug, Clone, Copy)]
struct Desk {
    order_qty: Qty,
    position_max: i64,
    bid: Option<Price>,
    ask: Option<Price>,
}

impl BenchMaker {
    /// A maker that looks at every row.
    ///
    /// # Errors
    /// [`StrategyError::BadValue`] when 0.001 or 0.05 does not lie on the lot of an instrument.
    pub fn every_row(instruments: &[Instrument]) -> Result<Self, StrategyError> {
        Self::try_new(instruments, true)
    }

    /// A maker that looks every 10 ms.
    ///
    /// # Errors
    /// [`StrategyError::BadValue`] when 0.001 or 0.05 does not lie on the lot of an instrument.
    pub fn every_ten_ms(instruments: &[Instrument]) -> Result<Self, StrategyError> {
        Self::try_new(instruments, false)
    }

    fn try_new(instruments: &[Instrument], every_row: bool) -> Result<Self, StrategyError> {
        let desk = |instrument: &Instrument| -> Result<Desk, TypeError> {
            Ok(Desk {
                order_qty: instrument.parse_qty(Decimal::try_new(1, 3)?)?,
                position_max: instrument.parse_qty(Decimal::try_new(5, 2)?)?.0,
                bid: None,
                ask: None,
            })
        };
        let checked = |instrument: &Instrument| {
            desk(instrument).map_err(|_| {
                let (symbol, lot) = (instrument.symbol(), instrument.spec().lot_size);
                let problem = format!("{lot} of {symbol} does not divide 0.001");
                StrategyError::bad_value("lot_size", problem, "use an instrument with lot 0.001")
            })
        };
        let desks = instruments.iter().map(checked).collect::<Result<_, _>>()?;
        Ok(Self { desks, every_row })
    }

    #[inline]
    fn quote(&mut self, ctx: &mut Context<'_>, id: InstrumentId) {
        let (Some(market), Some(desk)) = (ctx.market(id), self.desks.get_mut(id.index())) else {
            return;
        };
        let Some((best_bid, best_ask)) = market.touch() else {
            return;
        };
        let held = ctx.position(id).qty.0;
        let bid = Price(best_bid.0 - 1 - i64::from(held > desk.position_max));
        let ask = Price(best_ask.0 + 1 + i64::from(held < -desk.position_max));
        if desk.bid != Some(bid) && move_to(ctx, id, Side::Buy, desk.order_qty, bid) {
            desk.bid = Some(bid);
        }
        if desk.ask != Some(ask) && move_to(ctx, id, Side::Sell, desk.order_qty, ask) {
            desk.ask = Some(ask);
        }
    }
}

/// Cancels what works on a side and sends it anew at `price`; false when one is on its way.
#[inline]
fn move_to(
    ctx: &mut Context<'_>,
    id: InstrumentId,
    side: Side,
    order_qty: Qty,
    price: Price,
) -> bool {
    let mut working = None;
    let mine = |order: &&Order| order.instrument == id && order.side == side;
    for order in ctx.orders().filter(mine) {
        match order.status {
            OrderStatus::New | OrderStatus::PartiallyFilled => working = Some(order),
            _ => return false,
        }
    }
    if let Some(order) = working {
        ctx.cancel(order.client_order_id);
    }
    let mut request = OrderRequest::limit(id, side, order_qty, price);
    request.post_only = true;
    ctx.submit(request);
    true
}

impl Strategy for BenchMaker {
    fn interests(&self) -> Interests {
        if self.every_row {
            Interests::TRADE.and(Interests::BOOK)
        } else {
            Interests::TIMER
        }
    }

    fn on_start(&mut self, ctx: &mut Context<'_>) {
        if !self.every_row {
            let first = ctx.now().plus(TEN_MS_NS);
            ctx.set_timer(LOOK, first, TEN_MS_NS);
        }
    }

    #[inline]
    fn on_trade(&mut self, ctx: &mut Context<'_>, trade: &MarketEvent) {
        self.quote(ctx, trade.instrument);
    }

    #[inline]
    fn on_book(&mut self, ctx: &mut Context<'_>, event: &MarketEvent) {
        self.quote(ctx, event.instrument);
    }

    fn on_timer(&mut self, ctx: &mut Context<'_>, _timer: u32) {
        for place in 0..self.desks.len() {
            self.quote(ctx, InstrumentId(place as u32));
        }
    }
}
