//! Workloads that benches run beside other engines, by rules that are the same there.
//!
//! The maker: a post-only bid and ask of 0.001, one tick outside the touch, and one tick more on
//! the side that would add to a position above 0.05. A quote is cancelled and sent anew only when
//! its tick moves, and a side with an order on its way is left alone, so at most four are open.

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
    sizes: Vec<Size>,
    every_row: bool,
}

#[derive(Debug, Clone, Copy)]
struct Size {
    order_qty: Qty,
    position_max: i64,
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
        let size = |instrument: &Instrument| -> Result<Size, TypeError> {
            Ok(Size {
                order_qty: instrument.parse_qty(Decimal::try_new(1, 3)?)?,
                position_max: instrument.parse_qty(Decimal::try_new(5, 2)?)?.0,
            })
        };
        let checked = |instrument: &Instrument| {
            size(instrument).map_err(|_| {
                let (symbol, lot) = (instrument.symbol(), instrument.spec().lot_size);
                let problem = format!("{lot} of {symbol} does not divide 0.001");
                StrategyError::bad_value("lot_size", problem, "use an instrument with lot 0.001")
            })
        };
        let sizes = instruments.iter().map(checked).collect::<Result<_, _>>()?;
        Ok(Self { sizes, every_row })
    }

    #[inline]
    fn quote(&self, ctx: &mut Context<'_>, id: InstrumentId) {
        let (Some(market), Some(size)) = (ctx.market(id), self.sizes.get(id.index())) else {
            return;
        };
        let top = market.top();
        if top.bid_qty.0 <= 0 || top.ask_qty.0 <= 0 {
            return;
        }
        let held = ctx.position(id).qty.0;
        let bid = top.bid_price.0 - 1 - i64::from(held > size.position_max);
        let ask = top.ask_price.0 + 1 + i64::from(held < -size.position_max);
        keep(ctx, id, Side::Buy, size.order_qty, Price(bid));
        keep(ctx, id, Side::Sell, size.order_qty, Price(ask));
    }
}

/// Keeps one order of a side at `price`.
#[inline]
fn keep(ctx: &mut Context<'_>, id: InstrumentId, side: Side, qty: Qty, price: Price) {
    let mut working = None;
    let here =
        |order: &&py_rt_kernel::execution::Order| order.instrument == id && order.side == side;
    for order in ctx.orders().filter(here) {
        match order.status {
            OrderStatus::New | OrderStatus::PartiallyFilled => working = Some(order),
            _ => return,
        }
    }
    if let Some(order) = working {
        if order.limit_price == Some(price) {
            return;
        }
        ctx.cancel(order.client_order_id);
    }
    let mut request = OrderRequest::limit(id, side, qty, price);
    request.post_only = true;
    ctx.submit(request);
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
        for place in 0..self.sizes.len() {
            self.quote(ctx, InstrumentId(place as u32));
        }
    }
}
