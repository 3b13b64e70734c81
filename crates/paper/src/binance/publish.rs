//! Market data to those who follow it.

use py_rt_types::{Decimal, Price, Qty, UnixNanos};

use super::feed::Desk;
use super::market::Interval;
use super::nodes::{amount, millis};
use super::streams::{Topic, SAMPLE_NS};
use crate::engine::Engine;
use crate::listing::{Listing, Pair};
use crate::market::tape::{Print, Quote, TradeBar};
use crate::node::{Name, Node};

const SAMPLES_PER_SECOND: i64 = 10;
/// Levels of a storm that takes away what is not there.
const ZEROS: i64 = 500;

fn scaled(step: Decimal, count: i64) -> Node {
    let step = step.to_atto().unwrap_or_default();
    amount(step.saturating_mul(i128::from(count)))
}

fn price(listing: &Listing, price: Price) -> Node {
    scaled(listing.instrument.spec().tick_size, price.0)
}

fn qty(listing: &Listing, qty: Qty) -> Node {
    scaled(listing.instrument.spec().lot_size, qty.0)
}

fn event(kind: &'static str, at: UnixNanos, pair: &Pair) -> Node {
    Node::map([
        ("e", kind.into()),
        ("E", millis(at)),
        ("s", Node::text(pair.symbol.clone())),
    ])
}

impl Desk {
    /// Sends a message to all who follow a stream.
    pub(super) fn publish(&mut self, name: &str, message: &Node) {
        let lines = self.lines.iter();
        let followers = lines.filter(|(_, line)| line.names.contains(name));
        let followers: Vec<(u64, bool)> = followers.map(|(id, l)| (*id, l.combined)).collect();
        for (id, combined) in followers {
            if combined {
                let wrapped = Node::Map(vec![
                    (Name::Borrowed("stream"), Node::text(name)),
                    (Name::Borrowed("data"), message.clone()),
                ]);
                self.send(id, &wrapped);
            } else {
                self.send(id, message);
            }
        }
    }

    pub(crate) fn publish_trade(&mut self, listing: &Listing, print: &Print) {
        let Some(pair) = listing.pair.as_ref().filter(|_| !self.followed.is_empty()) else {
            return;
        };
        let seller = Node::Bool(print.side < 0);
        let tail = |node: Node| {
            node.with("T", millis(print.at))
                .with("m", seller.clone())
                .with("M", Node::Bool(true))
        };
        let terms = |node: Node| {
            node.with("p", price(listing, print.price))
                .with("q", qty(listing, print.qty))
        };
        let id = Node::Int(print.id);
        let name = format!("{}@trade", pair.lower);
        if self.followed.contains(&name) {
            let head = event("trade", print.at, pair).with("t", id.clone());
            self.publish(&name, &tail(terms(head)));
        }
        let name = format!("{}@aggTrade", pair.lower);
        if self.followed.contains(&name) {
            let head = event("aggTrade", print.at, pair).with("a", id.clone());
            let node = terms(head).with("f", id.clone()).with("l", id);
            self.publish(&name, &tail(node));
        }
    }

    pub(crate) fn publish_quote(&mut self, place: usize, listing: &Listing, quote: &Quote) {
        let Some(pair) = listing.pair.as_ref().filter(|_| !self.followed.is_empty()) else {
            return;
        };
        let name = format!("{}@bookTicker", pair.lower);
        let all = "!bookTicker";
        if !self.followed.contains(&name) && !self.followed.contains(all) {
            return;
        }
        let node = Node::map([
            ("u", Node::Int(self.feeds[place].update_id)),
            ("s", Node::text(pair.symbol.clone())),
            ("b", price(listing, quote.bid)),
            ("B", qty(listing, quote.bid_qty)),
            ("a", price(listing, quote.ask)),
            ("A", qty(listing, quote.ask_qty)),
        ]);
        self.publish(&name, &node);
        self.publish(all, &node);
    }
}

impl Engine {
    /// The clock of samples struck: differences, bars and tickers are shown.
    pub(crate) fn publish_samples(&mut self, at: UnixNanos) {
        self.desk.next_sample = at.plus(SAMPLE_NS);
        let second = at.0.div_euclid(SAMPLE_NS) % SAMPLES_PER_SECOND == 0;
        let clocks = if second { 2 } else { 1 };
        let names: Vec<String> = self.desk.followed.iter().cloned().collect();
        for name in &names {
            let Some((lower, topic)) = Topic::parse(name) else {
                continue;
            };
            let mut found = self.listings.iter();
            let found = found.position(|l| l.pair.as_ref().is_some_and(|p| p.lower == lower));
            let Some(place) = found else { continue };
            match topic {
                Topic::Partial(limit, clock)
                    if clock < clocks && self.desk.feeds[place].moved[clock] =>
                {
                    let node = self.depth_node(place, limit);
                    self.desk.publish(name, &node);
                }
                Topic::Kline(interval) if second => self.publish_bar(name, place, interval, at),
                Topic::MiniTicker | Topic::Ticker if second => {
                    let node = self.day_event(place, topic == Topic::MiniTicker);
                    self.desk.publish(name, &node);
                }
                Topic::AvgPrice if second => {
                    let node = self.avg_price_node(place);
                    self.desk.publish(name, &node);
                }
                _ => {}
            }
        }
        for place in 0..self.listings.len() {
            for clock in 0..clocks {
                self.publish_differences(place, clock, at);
                self.desk.feeds[place].moved[clock] = false;
            }
        }
        if second {
            self.publish_days(&names);
        }
        self.desk.wind(at);
    }

    fn publish_differences(&mut self, place: usize, clock: usize, at: UnixNanos) {
        let Some(pair) = self.listings[place].pair.clone() else {
            return;
        };
        let lower = &pair.lower;
        let names = match clock {
            0 => vec![format!("{lower}@depth@100ms")],
            _ => vec![format!("{lower}@depth"), format!("{lower}@depth@1000ms")],
        };
        if !names.iter().any(|name| self.desk.followed.contains(name)) {
            return self.desk.feeds[place].drop_pending(clock);
        }
        let Some((first, last, [mut bids, asks])) = self.desk.feeds[place].take(clock) else {
            return;
        };
        if self.book_is_struck(place, "skip_update") {
            return;
        }
        let quote = self.tapes[place].last_quote().copied();
        if let Some(quote) = quote.filter(|_| self.book_is_struck(place, "crossed")) {
            bids.insert(Price(quote.ask.0 + 1), Qty(quote.ask_qty.0.max(1)));
        }
        if let Some(quote) = quote.filter(|_| self.book_is_struck(place, "zero_storm")) {
            let far = (1..=ZEROS).map(|step| Price(quote.bid.0 - 1000 * step));
            bids.extend(
                far.filter(|price| price.0 > 0)
                    .map(|price| (price, Qty::ZERO)),
            );
        }
        let node = event("depthUpdate", at, &pair)
            .with("U", Node::Int(first))
            .with("u", Node::Int(last))
            .with("b", self.level_rows(place, bids.into_iter().rev()))
            .with("a", self.level_rows(place, asks));
        for name in names {
            self.desk.publish(&name, &node);
        }
    }

    /// Whether a fault strikes a book.
    pub(super) fn book_is_struck(&self, place: usize, kind: &str) -> bool {
        let listing = &self.listings[place];
        let pair = listing.pair.as_ref().map_or("", |pair| &pair.symbol);
        self.faults.strike_book([&listing.plain, pair], kind)
    }

    /// The bar in progress when it changed, and once more when it is over.
    fn publish_bar(&mut self, name: &str, place: usize, interval: Interval, at: UnixNanos) {
        let Some(bar) = self.tapes[place].last_bar(|at| interval.start_of(at)) else {
            return;
        };
        if let Some(opens) = self.desk.open_bars.get(name).copied() {
            if at >= interval.end_of(opens) {
                let bars = self.tapes[place].bars_so_far(|at| interval.start_of(at));
                if let Some(over) = bars.iter().rev().find(|bar| bar.opens == opens) {
                    let node = self.bar_node(place, interval, over, true);
                    self.desk.publish(name, &node);
                }
                self.desk.open_bars.remove(name);
            }
        }
        if at < interval.end_of(bar.opens) {
            let node = self.bar_node(place, interval, &bar, false);
            self.desk.publish(name, &node);
            self.desk.open_bars.insert(name.to_owned(), bar.opens);
        }
    }

    fn bar_node(&self, place: usize, interval: Interval, bar: &TradeBar, over: bool) -> Node {
        let text = self.bar_text(place, bar);
        let [open, high, low, close] = text.prices;
        let symbol = self.symbol_text(place);
        let kline = Node::map([
            ("t", millis(bar.opens)),
            ("T", millis(interval.end_of(bar.opens).plus(-1_000_000))),
            ("s", symbol.clone()),
            ("i", Node::text(interval.name())),
            ("f", Node::Int(bar.ids.0)),
            ("L", Node::Int(bar.ids.1)),
            ("o", open),
            ("c", close),
            ("h", high),
            ("l", low),
            ("v", text.volume),
            ("n", Node::Int(bar.trades)),
            ("x", Node::Bool(over)),
            ("q", text.turnover),
            ("V", text.taken),
            ("Q", text.taken_turnover),
            ("B", "0".into()),
        ]);
        Node::map([
            ("e", "kline".into()),
            ("E", self.millis()),
            ("s", symbol),
            ("k", kline),
        ])
    }

    fn avg_price_node(&self, place: usize) -> Node {
        let last = self.tapes[place].last_print().map(|print| millis(print.at));
        Node::map([
            ("e", "avgPrice".into()),
            ("E", self.millis()),
            ("s", self.symbol_text(place)),
            ("i", "5m".into()),
            ("w", self.mean_price(place, 5)),
            ("T", last.unwrap_or(Node::Int(0))),
        ])
    }

    fn day_event(&self, place: usize, mini: bool) -> Node {
        let bar = self.day_bar(place);
        let text = self.bar_text(place, &bar);
        let [open, high, low, close] = text.prices;
        let kind = if mini { "24hrMiniTicker" } else { "24hrTicker" };
        let head = Node::map([
            ("e", kind.into()),
            ("E", self.millis()),
            ("s", self.symbol_text(place)),
        ]);
        let node = head
            .with("c", close)
            .with("o", open.clone())
            .with("h", high)
            .with("l", low)
            .with("v", text.volume)
            .with("q", text.turnover);
        if mini {
            return node;
        }
        let (change, percent) = self.change(place, &bar);
        let last = self.tapes[place].last_print().map(|print| print.qty);
        let node = node
            .with("p", change)
            .with("P", percent)
            .with("w", self.mean_price(place, 1440))
            .with("x", open)
            .with("Q", self.qty_text(place, last.unwrap_or_default()));
        self.with_touch(node, place, ["b", "B", "a", "A"])
            .with("O", millis(self.now.plus(-86_400_000_000_000)))
            .with("C", self.millis())
            .with("F", Node::Int(bar.ids.0))
            .with("L", Node::Int(bar.ids.1))
            .with("n", Node::Int(bar.trades))
    }

    /// `!ticker@arr` and `!miniTicker@arr`.
    fn publish_days(&mut self, names: &[String]) {
        for (name, mini) in [("!miniTicker@arr", true), ("!ticker@arr", false)] {
            if names.iter().any(|followed| followed == name) {
                let pairs = (0..self.listings.len()).filter(|place| self.pair(*place).is_some());
                let rows = pairs.map(|place| self.day_event(place, mini)).collect();
                self.desk.publish(name, &Node::List(rows));
            }
        }
    }
}
