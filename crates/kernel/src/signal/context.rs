//! What a strategy sees and asks during a callback.

use alloc::vec::Vec;
use py_rt_types::{
    ClientOrderId, Instrument, InstrumentId, Money, NewOrder, OrderType, Price, Qty, RejectReason,
    Side, TimeInForce, UnixNanos,
};

use super::{Intent, Intents, StrategyId};
use crate::event::TradingState;
use crate::execution::parents::{Parent, ParentRequest};
use crate::execution::{Order, Orders, Parents};
use crate::kernel::{Books, Own};
use crate::market::{consolidated, InstrumentMarket, Market, VenueLevel};
use crate::portfolio::Position;

/// A new order as a strategy asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderRequest {
    /// What.
    pub instrument: InstrumentId,
    /// Buy or sell.
    pub side: Side,
    /// How much, in lots.
    pub order_qty: Qty,
    /// Limit price in ticks; a market order without.
    pub limit_price: Option<Price>,
    /// Stop price in ticks.
    pub stop_price: Option<Price>,
    /// How long; by default DAY where the venue has sessions, else GTC.
    pub tif: Option<TimeInForce>,
    /// Refuse rather than take liquidity.
    pub post_only: bool,
    /// Never open or turn a position.
    pub reduce_only: bool,
    /// A number of the strategy's own, carried through to the tables.
    pub tag: u32,
}

impl OrderRequest {
    /// A market order, to be refined by struct update.
    #[must_use]
    pub const fn market(instrument: InstrumentId, side: Side, order_qty: Qty) -> Self {
        Self {
            instrument,
            side,
            order_qty,
            limit_price: None,
            stop_price: None,
            tif: None,
            post_only: false,
            reduce_only: false,
            tag: 0,
        }
    }

    /// A limit order, to be refined by struct update.
    #[must_use]
    pub const fn limit(instrument: InstrumentId, side: Side, qty: Qty, price: Price) -> Self {
        let mut request = Self::market(instrument, side, qty);
        request.limit_price = Some(price);
        request
    }
}

/// The view of a strategy on the run, for the length of one callback.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) now: UnixNanos,
    pub(crate) instruments: &'a [Instrument],
    pub(crate) market: &'a Market,
    pub(crate) books: &'a Books,
    pub(crate) orders: &'a Orders,
    pub(crate) parents: &'a Parents,
    pub(crate) tradable: bool,
    pub(crate) intents: &'a mut Intents,
}

impl<'a> Context<'a> {
    /// The time of this callback.
    #[inline]
    #[must_use]
    pub const fn now(&self) -> UnixNanos {
        self.now
    }

    /// The instruments of the run.
    #[inline]
    #[must_use]
    pub const fn instruments(&self) -> &'a [Instrument] {
        self.instruments
    }

    /// One instrument's market, or `None` for an id outside the run.
    #[inline]
    #[must_use]
    pub fn market(&self, instrument: InstrumentId) -> Option<&'a InstrumentMarket> {
        self.market.instrument(instrument)
    }

    /// The instruments of a product whose books count, by one of them: valid, in an open market,
    /// and with a message no older than `max_age_ns`.
    pub fn counted(&self, product: InstrumentId, max_age_ns: i64) -> Vec<InstrumentId> {
        let members = self.market.listings().members(&product).iter().copied();
        let counts = |id: &InstrumentId| self.market.is_counted(*id, self.now, max_age_ns);
        members.filter(counts).collect()
    }

    /// One side of the books of a product at all venues that count, the best after fees first.
    #[must_use]
    pub fn consolidated(
        &self,
        product: InstrumentId,
        side: Side,
        max_age_ns: i64,
        depth: usize,
    ) -> Vec<VenueLevel> {
        let age = (self.now, max_age_ns);
        consolidated(self.market, self.instruments, (product, side), age, depth)
    }

    /// Which strategy of the run is called.
    #[inline]
    #[must_use]
    pub const fn strategy(&self) -> StrategyId {
        self.intents.strategy
    }

    /// Lends this view to one of several strategies.
    pub(super) fn lend_to(&mut self, id: StrategyId, call: impl FnOnce(&mut Self)) {
        let (before, tradable) = (self.intents.lend_to(id), self.tradable);
        let active = |own: &Own| own.risk.state == TradingState::Active;
        let own = id.place().and_then(|place| self.books.own.get(place));
        self.tradable &= own.is_none_or(active);
        call(self);
        self.intents.give_back(before);
        self.tradable = tradable;
    }

    /// One instrument's position: that of the strategy which is called.
    #[inline]
    #[must_use]
    pub fn position(&self, instrument: InstrumentId) -> Position {
        self.books.of(self.intents.strategy).position(instrument)
    }

    /// Cash of the account.
    #[must_use]
    pub const fn cash(&self) -> Money {
        self.books.account.cash()
    }

    /// Cash of the account in one currency; `None` for a currency that it does not know.
    #[must_use]
    pub fn cash_in(&self, code: &str) -> Option<Money> {
        let account = &self.books.account;
        if account.pockets().is_empty() {
            let same = |one: &Instrument| one.spec().currency == code;
            return self.instruments.iter().all(same).then(|| account.cash());
        }
        let place = account
            .currencies()
            .iter()
            .position(|known| known == code)?;
        account.pockets().get(place).map(|pocket| pocket.cash)
    }

    /// Cash and positions of the account at their marks.
    #[must_use]
    pub const fn equity(&self) -> Money {
        self.books.account.equity()
    }

    /// Whether new orders may be sent: reconciled with the venue, and nothing halted.
    #[must_use]
    pub const fn tradable(&self) -> bool {
        self.tradable
    }

    /// Open orders of the strategy, oldest first; what this callback asked for is not among them
    /// yet.
    #[inline]
    pub fn orders(&self) -> impl Iterator<Item = &'a Order> {
        let (strategy, open) = (self.intents.strategy, self.orders.open());
        let all = strategy == StrategyId::ACCOUNT;
        let own = move |order: &&Order| all | (order.strategy == strategy);
        open.iter().filter(own).filter(|order| !order.is_terminal())
    }

    /// Orders that this callback asked for so far.
    pub fn requested(&self) -> impl Iterator<Item = &NewOrder> {
        self.intents.requested()
    }

    /// Whether an order is open or was asked for in this callback.
    #[must_use]
    pub fn is_open(&self, id: ClientOrderId) -> bool {
        let order = self.orders.find_open(id);
        order.is_some_and(|order| !order.is_terminal())
            || self.requested().any(|o| o.client_order_id == id)
    }

    /// Asks for a new order; it is checked and sent when the callback has returned.
    pub fn submit(&mut self, request: OrderRequest) -> ClientOrderId {
        let id = self.intents.reserve_id();
        let order = self.resolve(id, &request);
        self.intents.push(Intent::New {
            order,
            tag: request.tag,
            target: false,
        });
        id
    }

    /// Asks for a parent order: the kernel works it by children of its own. How it goes is told to
    /// `on_parent`; its id is good for [`Context::cancel`] and [`Context::replace`].
    pub fn execute(&mut self, request: ParentRequest) -> ClientOrderId {
        let id = self.intents.reserve_id();
        self.intents.push_parent(id, request);
        id
    }

    /// Parent orders of the strategy that have not ended, oldest first; what this callback asked
    /// for is not among them yet.
    pub fn parents(&self) -> impl Iterator<Item = &'a Parent> {
        let strategy = self.intents.strategy;
        self.parents
            .open()
            .filter(move |parent| parent.is_of(strategy))
    }

    /// Parent orders that this callback asked for.
    pub fn requested_parents(&self) -> impl Iterator<Item = &(ClientOrderId, ParentRequest)> {
        self.intents.requested_parents()
    }

    /// Books an order that cannot be expressed (off tick, off lot) as rejected, with the reason.
    pub fn submit_invalid(&mut self, request: OrderRequest, reason: RejectReason) -> ClientOrderId {
        let id = self.intents.reserve_id();
        let order = self.resolve(id, &request);
        self.intents.push(Intent::Invalid {
            order,
            tag: request.tag,
            reason,
        });
        id
    }

    fn resolve(&self, id: ClientOrderId, request: &OrderRequest) -> NewOrder {
        let sessions = self
            .instruments
            .get(request.instrument.index())
            .is_none_or(|i| i.spec().sessions);
        let default_tif = if sessions {
            TimeInForce::Day
        } else {
            TimeInForce::Gtc
        };
        NewOrder {
            client_order_id: id,
            instrument: request.instrument,
            side: request.side,
            order_type: match (request.stop_price, request.limit_price) {
                (Some(_), _) => OrderType::Stop,
                (None, Some(_)) => OrderType::Limit,
                (None, None) => OrderType::Market,
            },
            tif: request.tif.unwrap_or(default_tif),
            order_qty: request.order_qty,
            limit_price: request.limit_price,
            stop_price: request.stop_price,
            post_only: request.post_only,
            reduce_only: request.reduce_only,
        }
    }

    /// Asks for the end of an order.
    pub fn cancel(&mut self, id: ClientOrderId) {
        self.intents.push(Intent::Cancel { id });
    }

    /// Asks for the end of all orders, or those of one instrument.
    pub fn cancel_all(&mut self, instrument: Option<InstrumentId>) {
        self.intents.push(Intent::CancelAll { instrument });
    }

    /// Asks for another total quantity, limit price, or both.
    pub fn replace(&mut self, id: ClientOrderId, qty: Option<Qty>, limit_price: Option<Price>) {
        self.intents.push(Intent::Replace {
            id,
            order_qty: qty,
            limit_price,
        });
    }

    /// Works the position towards `qty` with market orders; repeated calls change nothing while
    /// orders are on their way.
    pub fn target(&mut self, instrument: InstrumentId, qty: Qty) {
        self.intents.push(Intent::Target { instrument, qty });
    }

    /// Rings `timer` at a time, and then again every `every_ns` when that is positive.
    pub fn set_timer(&mut self, timer: u32, at: UnixNanos, every_ns: i64) {
        self.intents.push(Intent::Timer {
            timer,
            at,
            every_ns,
        });
    }

    /// Publishes a signal for those who watch; it moves no order.
    pub fn signal(&mut self, instrument: InstrumentId, value: f64, confidence: f64) {
        self.intents.push(Intent::Signal {
            instrument,
            value,
            confidence,
        });
    }

    /// The strategy cannot go on: its orders are cancelled and it is called no more.
    pub fn fail(&mut self) {
        self.intents.push(Intent::Fail);
    }
}
