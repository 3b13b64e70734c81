//! What is listed, and what an order must keep to: `exchangeInfo` and its filters.

use py_rt_types::{Decimal, Money, Price, Qty, Side};

use super::fail::Fail;
use super::params::{fixed, Params};
use crate::engine::Engine;
use crate::listing::{Listing, Pair};
use crate::node::Node;
use crate::order::Order;

const ATTO: i128 = Money::ONE.0;
const MAX_PRICE: i128 = 1_000_000 * ATTO;
const MAX_QTY: i128 = 9000 * ATTO;
const MAX_NOTIONAL: i128 = 9_000_000 * ATTO;
/// What an order is worth at least where the instrument does not say.
const MIN_NOTIONAL: i128 = 5 * ATTO;
const MAX_ORDERS: usize = 200;
const MAX_ALGO_ORDERS: usize = 5;
/// A limit may lie within a fifth and five times the last price.
const PERCENT: i64 = 5;

fn atto(value: Decimal) -> i128 {
    value.to_atto().unwrap_or_default()
}

fn min_qty(listing: &Listing, pair: &Pair) -> i128 {
    atto(listing.instrument.spec().min_qty).max(atto(pair.step))
}

fn min_notional(listing: &Listing) -> i128 {
    match listing.instrument.min_notional().0 {
        0 => MIN_NOTIONAL,
        least => least,
    }
}

/// A price on the tick.
pub(super) fn on_tick(listing: &Listing, value: Decimal) -> Result<Price, Fail> {
    let bad = || Fail::filter("PRICE_FILTER");
    if atto(value) > MAX_PRICE {
        return Err(bad());
    }
    listing.instrument.parse_price(value).map_err(|_| bad())
}

/// A quantity on the step.
pub(super) fn on_step(listing: &Listing, pair: &Pair, value: Decimal) -> Result<Qty, Fail> {
    let bad = || Fail::filter("LOT_SIZE");
    let amount = atto(value);
    let step = atto(pair.step).max(1);
    if amount < min_qty(listing, pair) || amount > MAX_QTY || amount % step != 0 {
        return Err(bad());
    }
    listing.instrument.parse_qty(value).map_err(|_| bad())
}

impl Engine {
    /// The filters that look at more than one number.
    pub(super) fn check_filters(&self, order: &Order) -> Result<(), Fail> {
        let listing = &self.listings[order.instrument];
        if let (Some(limit), Some(mark)) = (order.limit, self.mark(order.instrument)) {
            let (low, high) = (mark.0 / PERCENT, mark.0.saturating_mul(PERCENT));
            if !(low..=high).contains(&limit.0) {
                return Err(Fail::filter("PERCENT_PRICE_BY_SIDE"));
            }
        }
        if self.is_beyond_bands(order.instrument, order.limit) {
            return Err(Fail::filter("PERCENT_PRICE_BY_SIDE"));
        }
        let price = order.limit.or(order.stop);
        let price = price.or_else(|| self.mark(order.instrument));
        let worth = price.and_then(|price| listing.instrument.notional(price, order.qty).ok());
        let worth = match order.notional {
            Some(notional) => atto(notional),
            None => worth.unwrap_or(Money::ZERO).0,
        };
        let too_much = order.limit.is_some() && worth > MAX_NOTIONAL;
        if worth < min_notional(listing) || too_much {
            return Err(Fail::filter("NOTIONAL"));
        }
        let open = self.accounts[order.account].open.iter();
        let open = open.filter(|place| self.orders[**place].instrument == order.instrument);
        let (mut all, mut algo) = (0, 0);
        for place in open {
            all += 1;
            algo += usize::from(self.orders[*place].held);
        }
        if all >= MAX_ORDERS {
            return Err(Fail::filter("MAX_NUM_ORDERS"));
        }
        if order.kind.waits() && algo >= MAX_ALGO_ORDERS {
            return Err(Fail::filter("MAX_NUM_ALGO_ORDERS"));
        }
        Ok(())
    }

    /// The place of a pair.
    pub(super) fn place_of_pair(&self, symbol: &str) -> Result<usize, Fail> {
        self.listings
            .iter()
            .position(|listing| listing.pair.as_ref().is_some_and(|p| p.symbol == symbol))
            .ok_or_else(Fail::symbol)
    }

    /// Places of the pairs asked for by `symbol` or `symbols`; all without either.
    pub(super) fn wanted_pairs(&self, params: &Params) -> Result<Vec<usize>, Fail> {
        if let Some(symbol) = params.get("symbol") {
            return Ok(vec![self.place_of_pair(symbol)?]);
        }
        if let Some(text) = params.get("symbols") {
            let names: Vec<String> = serde_json::from_str(text)
                .map_err(|_| Fail::illegal("symbols", r#"["BTCUSDT","BNBUSDT"]"#))?;
            return names.iter().map(|name| self.place_of_pair(name)).collect();
        }
        let all = 0..self.listings.len();
        Ok(all.filter(|place| self.pair(*place).is_some()).collect())
    }

    pub(super) fn exchange_info(&self, params: &Params) -> Result<Node, Fail> {
        let places = self.wanted_pairs(params)?;
        let symbols = places.into_iter().filter_map(|place| {
            let listing = &self.listings[place];
            let status = self.symbol_status(place);
            Some(symbol_node(listing, listing.pair.as_ref()?, status))
        });
        Ok(Node::map([
            ("timezone", "UTC".into()),
            ("serverTime", self.said_millis()),
            ("rateLimits", self.desk.quota.rows(None, true)),
            ("exchangeFilters", Node::List(Vec::new())),
            ("symbols", Node::List(symbols.collect())),
        ]))
    }

    /// Whether a side's worst price is allowed: nothing is known without a book.
    pub(super) fn would_take(&self, instrument: usize, side: Side, limit: Price) -> bool {
        let id = py_rt_types::InstrumentId(u32::try_from(instrument).unwrap_or(u32::MAX));
        let best = self
            .venue
            .book(id)
            .and_then(|book| book.best(side.opposite()));
        best.is_some_and(|best| match side {
            Side::Buy => best <= limit,
            Side::Sell => best >= limit,
        })
    }
}

fn text(atto: i128) -> Node {
    Node::text(fixed(atto))
}

fn list(names: &[&'static str]) -> Node {
    Node::List(names.iter().map(|name| (*name).into()).collect())
}

fn symbol_node(listing: &Listing, pair: &Pair, status: &'static str) -> Node {
    let eight = || Node::Int(8);
    let yes = || Node::Bool(true);
    let no = || Node::Bool(false);
    Node::map([
        ("symbol", Node::text(pair.symbol.clone())),
        ("status", status.into()),
        ("baseAsset", Node::text(pair.base.clone())),
        ("baseAssetPrecision", eight()),
        ("quoteAsset", Node::text(pair.quote.clone())),
        ("quotePrecision", eight()),
        ("quoteAssetPrecision", eight()),
        ("baseCommissionPrecision", eight()),
        ("quoteCommissionPrecision", eight()),
        ("orderTypes", list(&super::orders::TYPES)),
        ("icebergAllowed", no()),
        ("ocoAllowed", no()),
        ("otoAllowed", no()),
        ("opoAllowed", no()),
        ("quoteOrderQtyMarketAllowed", yes()),
        ("allowTrailingStop", no()),
        ("cancelReplaceAllowed", yes()),
        ("amendAllowed", no()),
        ("pegInstructionsAllowed", no()),
        ("isSpotTradingAllowed", yes()),
        ("isMarginTradingAllowed", no()),
        ("filters", filters(listing, pair)),
        ("permissions", Node::List(Vec::new())),
        ("permissionSets", Node::List(vec![list(&["SPOT"])])),
        (
            "defaultSelfTradePreventionMode",
            super::orders::STP[0].into(),
        ),
        ("allowedSelfTradePreventionModes", list(&super::orders::STP)),
    ])
}

fn filters(listing: &Listing, pair: &Pair) -> Node {
    let tick = atto(listing.instrument.spec().tick_size);
    let count = |count: usize| Node::Int(i64::try_from(count).unwrap_or(i64::MAX));
    let kind = |name: &'static str| ("filterType", Node::from(name));
    Node::List(vec![
        Node::map([
            kind("PRICE_FILTER"),
            ("minPrice", text(tick)),
            ("maxPrice", text(MAX_PRICE)),
            ("tickSize", text(tick)),
        ]),
        Node::map([
            kind("LOT_SIZE"),
            ("minQty", text(min_qty(listing, pair))),
            ("maxQty", text(MAX_QTY)),
            ("stepSize", text(atto(pair.step))),
        ]),
        Node::map([
            kind("MARKET_LOT_SIZE"),
            ("minQty", text(0)),
            ("maxQty", text(MAX_QTY)),
            ("stepSize", text(0)),
        ]),
        Node::map([
            kind("PERCENT_PRICE_BY_SIDE"),
            ("bidMultiplierUp", "5".into()),
            ("bidMultiplierDown", "0.2".into()),
            ("askMultiplierUp", "5".into()),
            ("askMultiplierDown", "0.2".into()),
            ("avgPriceMins", Node::Int(0)),
        ]),
        Node::map([
            kind("NOTIONAL"),
            ("minNotional", text(min_notional(listing))),
            ("applyMinToMarket", Node::Bool(true)),
            ("maxNotional", text(MAX_NOTIONAL)),
            ("applyMaxToMarket", Node::Bool(false)),
            ("avgPriceMins", Node::Int(0)),
        ]),
        Node::map([kind("MAX_NUM_ORDERS"), ("maxNumOrders", count(MAX_ORDERS))]),
        Node::map([
            kind("MAX_NUM_ALGO_ORDERS"),
            ("maxNumAlgoOrders", count(MAX_ALGO_ORDERS)),
        ]),
    ])
}
