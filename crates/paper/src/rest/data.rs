//! Market data over HTTP: the latest of everything, and snapshots.

use py_rt_types::Side;

use super::history::Series;
use super::Reply;
use crate::answer::{Answer, Refusal, Request};
use crate::engine::Engine;
use crate::listing::Class;
use crate::market::tape::TradeBar;
use crate::node::{Name, Node};
use crate::stream::wire;

impl Engine {
    pub(super) fn stock_data(&self, request: &Request, path: &str) -> Reply {
        match path.strip_suffix("/latest") {
            Some(series) => self.latest(request, Class::Equity, series),
            None if path == "snapshots" => {
                Ok(Answer::ok(
                    self.by_symbol(request, Class::Equity, |at| self.snapshot(at)),
                ))
            }
            None => self.history(request, Class::Equity, path),
        }
    }

    pub(super) fn crypto_data(&self, request: &Request, path: &str) -> Reply {
        match path.strip_prefix("latest/") {
            Some("orderbooks") => {
                let books = self.by_symbol(request, Class::Crypto, |at| self.whole_book(at));
                Ok(Answer::ok(Node::map([("orderbooks", books)])))
            }
            Some(series) => self.latest(request, Class::Crypto, series),
            None if path == "snapshots" => {
                let rows = self.by_symbol(request, Class::Crypto, |at| self.snapshot(at));
                Ok(Answer::ok(Node::map([("snapshots", rows)])))
            }
            None => self.history(request, Class::Crypto, path),
        }
    }

    fn latest(&self, request: &Request, class: Class, series: &str) -> Reply {
        let unknown = || Refusal::not_found("endpoint not found");
        let series = Series::parse(series).ok_or_else(unknown)?;
        let rows = self.by_symbol(request, class, |place| match series {
            Series::Trades => self.latest_trade(place),
            Series::Quotes => self.latest_quote(place),
            Series::Bars => self.latest_minute(place),
        });
        Ok(Answer::ok(Node::map([(series.name(), rows)])))
    }

    /// Places of the symbols asked for, in the order of the request.
    pub(super) fn places(&self, request: &Request, class: Class) -> Vec<usize> {
        let symbols = request.list("symbols").into_iter();
        symbols
            .filter_map(|symbol| self.place_of(symbol))
            .filter(|place| self.listings[*place].class == class)
            .collect()
    }

    fn by_symbol(
        &self,
        request: &Request,
        class: Class,
        row: impl Fn(usize) -> Option<Node>,
    ) -> Node {
        let rows = self.places(request, class).into_iter().filter_map(|place| {
            let symbol = self.listings[place].symbol().to_owned();
            Some((Name::Owned(symbol), row(place)?))
        });
        Node::Map(rows.collect())
    }

    fn latest_trade(&self, place: usize) -> Option<Node> {
        let print = self.tapes[place].last_print()?;
        Some(wire::trade(Vec::new(), &self.listings[place], print))
    }

    fn latest_quote(&self, place: usize) -> Option<Node> {
        let quote = self.tapes[place].last_quote()?;
        Some(wire::quote(Vec::new(), &self.listings[place], quote))
    }

    /// The last closed minute, else the one in progress.
    fn latest_minute(&self, place: usize) -> Option<Node> {
        let tape = &self.tapes[place];
        let bar = tape.minutes.back().or(tape.minute.as_ref())?;
        Some(wire::bar(Vec::new(), &self.listings[place], bar))
    }

    fn whole_book(&self, place: usize) -> Option<Node> {
        let at = self.tapes[place].last_quote()?.at;
        let sides = [Side::Buy, Side::Sell];
        let [bids, asks] = sides.map(|side| wire::book_levels(&self.venue, place, side));
        Some(wire::book(
            Vec::new(),
            &self.listings[place],
            at,
            (&bids, &asks),
        ))
    }

    fn snapshot(&self, place: usize) -> Option<Node> {
        let listing = &self.listings[place];
        let tape = &self.tapes[place];
        let days: Vec<TradeBar> = tape.bars(super::history::day_start(listing.class));
        let mut fields = Vec::new();
        let mut add = |name: &'static str, node: Option<Node>| {
            if let Some(node) = node {
                fields.push((Name::Borrowed(name), node));
            }
        };
        let bar = |bar: Option<&TradeBar>| Some(wire::bar(Vec::new(), listing, bar?));
        add("latestTrade", self.latest_trade(place));
        add("latestQuote", self.latest_quote(place));
        add("minuteBar", self.latest_minute(place));
        add("dailyBar", bar(days.last().or(tape.minute.as_ref())));
        add(
            "prevDailyBar",
            bar(days.len().checked_sub(2).and_then(|at| days.get(at))),
        );
        Some(Node::Map(fields))
    }
}
