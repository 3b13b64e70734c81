//! Market data over REST: books, trades, bars, tickers.

use py_rt_types::{Price, UnixNanos};

use super::account::Span;
use super::fail::Fail;
use super::nodes::{amount, millis};
use super::orders::worth;
use super::params::Params;
use crate::civil;
use crate::engine::Engine;
use crate::market::tape::{Print, TradeBar};
use crate::node::Node;
use crate::order::average;

const MINUTE: i64 = 60_000_000_000;
const DAY: i64 = 1440 * MINUTE;
const DEPTH_MOST: usize = 5000;

/// The length of bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interval {
    Minutes(i64),
    Week,
    Month,
}

/// Names and lengths of the bars that are counted in minutes.
const MINUTES: [(&str, i64); 13] = [
    ("1m", 1),
    ("3m", 3),
    ("5m", 5),
    ("15m", 15),
    ("30m", 30),
    ("1h", 60),
    ("2h", 120),
    ("4h", 240),
    ("6h", 360),
    ("8h", 480),
    ("12h", 720),
    ("1d", 1440),
    ("3d", 4320),
];

impl Interval {
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "1w" => Some(Self::Week),
            "1M" => Some(Self::Month),
            _ => {
                let found = MINUTES.iter().find(|row| row.0 == name);
                found.map(|row| Self::Minutes(row.1))
            }
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Week => "1w",
            Self::Month => "1M",
            Self::Minutes(count) => {
                let found = MINUTES.iter().find(|row| row.1 == count);
                found.map_or("1m", |row| row.0)
            }
        }
    }

    /// When the bar begins that holds a moment.
    pub(super) fn start_of(self, at: UnixNanos) -> UnixNanos {
        let day = at.0.div_euclid(DAY);
        UnixNanos(match self {
            Self::Minutes(count) => at.0 - at.0.rem_euclid(count * MINUTE),
            Self::Week => (day - civil::weekday(day)) * DAY,
            Self::Month => {
                let (year, month, _) = civil::date_of(day);
                civil::day_of(year, month, 1) * DAY
            }
        })
    }

    /// When the bar ends that begins at a moment.
    pub(super) fn end_of(self, opens: UnixNanos) -> UnixNanos {
        match self {
            Self::Minutes(count) => opens.plus(count * MINUTE),
            Self::Week => opens.plus(7 * DAY),
            Self::Month => self.start_of(opens.plus(31 * DAY)),
        }
    }
}

/// Prices and amounts of a bar, in the order of a row.
pub(super) struct BarText {
    pub(super) prices: [Node; 4],
    pub(super) volume: Node,
    pub(super) turnover: Node,
    pub(super) taken: Node,
    pub(super) taken_turnover: Node,
}

impl Engine {
    pub(super) fn bar_text(&self, instrument: usize, bar: &TradeBar) -> BarText {
        let tick = self.listings[instrument].instrument.tick_value();
        let price = |price: Price| self.price_text(instrument, Some(price));
        let lots = |lots: i64| amount(self.amount(instrument, lots));
        BarText {
            prices: [bar.open, bar.high, bar.low, bar.close].map(price),
            volume: lots(bar.volume),
            turnover: amount(bar.turnover.saturating_mul(tick)),
            taken: lots(bar.taken),
            taken_turnover: amount(bar.taken_turnover.saturating_mul(tick)),
        }
    }

    pub(super) fn depth(&mut self, params: &Params) -> Result<Node, Fail> {
        let place = self.place_of_pair(params.need("symbol")?)?;
        let limit = params.limit(100, DEPTH_MOST)?;
        Ok(self.depth_node(place, limit))
    }

    fn print_node(&self, instrument: usize, print: &Print) -> Node {
        let value = worth(self, instrument, print.price, print.qty);
        Node::map([
            ("id", Node::Int(print.id)),
            ("price", self.price_text(instrument, Some(print.price))),
            ("qty", self.qty_text(instrument, print.qty)),
            ("quoteQty", amount(value)),
            ("time", millis(print.at)),
            ("isBuyerMaker", Node::Bool(print.side < 0)),
            ("isBestMatch", Node::Bool(true)),
        ])
    }

    /// The newest prints that are asked for, oldest first.
    fn wanted_prints(&self, place: usize, params: &Params) -> Result<Vec<&Print>, Fail> {
        let limit = params.limit(500, 1000)?;
        let span = Span::parse(params)?;
        let from = params.integer("fromId")?;
        let prints = self.tapes[place].prints.iter();
        let found: Vec<&Print> = prints
            .filter(|print| from.is_none_or(|from| print.id >= from) && span.holds(print.at.0))
            .collect();
        let count = found.len().min(limit);
        Ok(if from.is_some() || span.from.is_some() {
            found[..count].to_vec()
        } else {
            found[found.len() - count..].to_vec()
        })
    }

    pub(super) fn trades(&self, params: &Params) -> Result<Node, Fail> {
        let place = self.place_of_pair(params.need("symbol")?)?;
        let rows = self.wanted_prints(place, params)?;
        let rows = rows.into_iter().map(|print| self.print_node(place, print));
        Ok(Node::List(rows.collect()))
    }

    /// Every print is its own aggregate.
    pub(super) fn agg_trades(&self, params: &Params) -> Result<Node, Fail> {
        let place = self.place_of_pair(params.need("symbol")?)?;
        let rows = self.wanted_prints(place, params)?;
        let rows = rows.into_iter().map(|print| {
            Node::map([
                ("a", Node::Int(print.id)),
                ("p", self.price_text(place, Some(print.price))),
                ("q", self.qty_text(place, print.qty)),
                ("f", Node::Int(print.id)),
                ("l", Node::Int(print.id)),
                ("T", millis(print.at)),
                ("m", Node::Bool(print.side < 0)),
                ("M", Node::Bool(true)),
            ])
        });
        Ok(Node::List(rows.collect()))
    }

    pub(super) fn klines(&self, params: &Params) -> Result<Node, Fail> {
        let place = self.place_of_pair(params.need("symbol")?)?;
        let interval = Interval::parse(params.need("interval")?)
            .ok_or_else(|| Fail::new(400, -1120, "Invalid interval."))?;
        let limit = params.limit(500, 1000)?;
        let span = Span::parse(params)?;
        let mut bars = self.tapes[place].bars_so_far(|at| interval.start_of(at));
        bars.retain(|bar| span.holds(bar.opens.0));
        let count = bars.len().min(limit);
        let rows = if span.from.is_some() {
            &bars[..count]
        } else {
            &bars[bars.len() - count..]
        };
        let row = |bar: &TradeBar| {
            let text = self.bar_text(place, bar);
            let closes = interval.end_of(bar.opens).plus(-1_000_000);
            let [open, high, low, close] = text.prices;
            Node::List(vec![
                millis(bar.opens),
                open,
                high,
                low,
                close,
                text.volume,
                millis(closes),
                text.turnover,
                Node::Int(bar.trades),
                text.taken,
                text.taken_turnover,
                "0".into(),
            ])
        };
        Ok(Node::List(rows.iter().map(row).collect()))
    }

    /// The mean price of the last minutes, as text.
    pub(super) fn mean_price(&self, place: usize, minutes: i64) -> Node {
        let since = self.now.plus(-minutes * MINUTE);
        let tick = self.listings[place].instrument.spec().tick_size;
        let bars = self.tapes[place].recent(since);
        let (turnover, lots) = bars.fold((0, 0), |sum: (i128, i64), bar| {
            (sum.0 + bar.turnover, sum.1 + bar.volume)
        });
        if lots == 0 {
            return self.price_text(place, self.mark(place));
        }
        amount(average(turnover, lots, tick).to_atto().unwrap_or_default())
    }

    pub(super) fn avg_price(&self, params: &Params) -> Result<Node, Fail> {
        let place = self.place_of_pair(params.need("symbol")?)?;
        Ok(Node::map([
            ("mins", Node::Int(5)),
            ("price", self.mean_price(place, 5)),
            ("closeTime", self.millis()),
        ]))
    }

    /// One row for one symbol, else a list.
    fn by_pair(&self, params: &Params, row: impl Fn(usize) -> Node) -> Result<Node, Fail> {
        let places = self.wanted_pairs(params)?;
        if params.get("symbol").is_some() {
            let mut rows = places.into_iter().map(row);
            return rows.next().ok_or_else(Fail::symbol);
        }
        Ok(Node::List(places.into_iter().map(row).collect()))
    }

    pub(super) fn price_rows(&self, params: &Params) -> Result<Node, Fail> {
        self.by_pair(params, |place| {
            Node::map([
                ("symbol", self.symbol_text(place)),
                ("price", self.price_text(place, self.mark(place))),
            ])
        })
    }

    pub(super) fn touch_rows(&self, params: &Params) -> Result<Node, Fail> {
        self.by_pair(params, |place| {
            let head = Node::map([("symbol", self.symbol_text(place))]);
            self.with_touch(head, place, ["bidPrice", "bidQty", "askPrice", "askQty"])
        })
    }

    /// The touch under four names.
    pub(super) fn with_touch(
        &self,
        node: Node,
        place: usize,
        [bid, bid_qty, ask, ask_qty]: [&'static str; 4],
    ) -> Node {
        let quote = self.tapes[place].last_quote().copied();
        let price = |price: Option<Price>| self.price_text(place, price);
        let qty = |qty: Option<py_rt_types::Qty>| self.qty_text(place, qty.unwrap_or_default());
        node.with(bid, price(quote.map(|q| q.bid)))
            .with(bid_qty, qty(quote.map(|q| q.bid_qty)))
            .with(ask, price(quote.map(|q| q.ask)))
            .with(ask_qty, qty(quote.map(|q| q.ask_qty)))
    }

    pub(super) fn day_rows(&self, params: &Params) -> Result<Node, Fail> {
        let mini = params.get("type") == Some("MINI");
        self.by_pair(params, |place| self.day_row(place, mini))
    }

    /// The last day as one bar; before any trade a bar of nothing at the present price.
    pub(super) fn day_bar(&self, place: usize) -> TradeBar {
        let bars = self.tapes[place].recent(self.now.plus(-DAY));
        let whole = bars.copied().reduce(TradeBar::joined);
        whole.unwrap_or_else(|| TradeBar::empty(self.now, self.mark(place).unwrap_or_default()))
    }

    fn day_row(&self, place: usize, mini: bool) -> Node {
        let bar = self.day_bar(place);
        let text = self.bar_text(place, &bar);
        let [open, high, low, close] = text.prices;
        let head = Node::map([("symbol", self.symbol_text(place))]);
        let node = if mini {
            head
        } else {
            let (change, percent) = self.change(place, &bar);
            let last = self.tapes[place].last_print().map(|print| print.qty);
            let head = head
                .with("priceChange", change)
                .with("priceChangePercent", percent)
                .with("weightedAvgPrice", self.mean_price(place, 1440))
                .with("prevClosePrice", open.clone())
                .with("lastQty", self.qty_text(place, last.unwrap_or_default()));
            self.with_touch(head, place, ["bidPrice", "bidQty", "askPrice", "askQty"])
        };
        node.with("lastPrice", close)
            .with("openPrice", open)
            .with("highPrice", high)
            .with("lowPrice", low)
            .with("volume", text.volume)
            .with("quoteVolume", text.turnover)
            .with("openTime", millis(self.now.plus(-DAY)))
            .with("closeTime", self.millis())
            .with("firstId", Node::Int(bar.ids.0))
            .with("lastId", Node::Int(bar.ids.1))
            .with("count", Node::Int(bar.trades))
    }

    /// The change of price over a bar, and in percent with three decimals.
    pub(super) fn change(&self, place: usize, bar: &TradeBar) -> (Node, Node) {
        let step = bar.close.0 - bar.open.0;
        let thousandths = match bar.open.0 {
            0 => 0,
            open => i128::from(step) * 100_000 / i128::from(open),
        };
        let sign = if thousandths < 0 { "-" } else { "" };
        let digits = thousandths.abs();
        let percent = format!("{sign}{}.{:03}", digits / 1000, digits % 1000);
        (
            self.price_text(place, Some(Price(step))),
            Node::text(percent),
        )
    }
}
