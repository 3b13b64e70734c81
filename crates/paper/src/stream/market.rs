//! Market data to those who follow it.

use py_rt_types::{Price, Qty, Side, UnixNanos};

use super::{wire, Encoding, Frame, Hub, Stream};
use crate::listing::Listing;
use crate::market::tape::{Print, Quote, TradeBar};
use crate::node::Node;

impl Hub {
    /// Sends a message to all who follow a channel of an instrument; each encoding is made once.
    fn publish(
        &mut self,
        channel: &'static str,
        listing: &Listing,
        message: impl FnOnce() -> Node,
    ) {
        if !self.followed {
            return;
        }
        let symbol = listing.symbol();
        let stream = Stream::Market(listing.class);
        let followers = self.sessions.iter();
        let followers: Vec<(u64, Encoding)> = followers
            .filter(|(_, session)| session.stream == stream && session.follows(channel, symbol))
            .map(|(id, session)| (*id, session.encoding))
            .collect();
        if followers.is_empty() {
            return;
        }
        let node = Node::List(vec![message()]);
        let (mut text, mut binary): (Option<Frame>, Option<Frame>) = (None, None);
        for (id, encoding) in followers {
            let made = match encoding {
                Encoding::Json => &mut text,
                Encoding::Msgpack => &mut binary,
            };
            let frame = made
                .get_or_insert_with(|| Self::frame(encoding, &node))
                .clone();
            self.send(id, frame);
        }
    }

    pub(crate) fn publish_trade(&mut self, listing: &Listing, print: &Print) {
        let message = || wire::trade(wire::head("t", listing), listing, print);
        self.publish("trades", listing, message);
    }

    pub(crate) fn publish_status(&mut self, listing: &Listing, message: impl FnOnce() -> Node) {
        self.publish("statuses", listing, message);
    }

    pub(crate) fn publish_quote(&mut self, listing: &Listing, quote: &Quote) {
        let message = || wire::quote(wire::head("q", listing), listing, quote);
        self.publish("quotes", listing, message);
    }

    pub(crate) fn publish_bar(&mut self, listing: &Listing, bar: &TradeBar) {
        let message = || wire::bar(wire::head("b", listing), listing, bar);
        self.publish("bars", listing, message);
    }

    /// Some levels of a book changed.
    pub(crate) fn publish_levels(
        &mut self,
        listing: &Listing,
        at: UnixNanos,
        levels: &[(Side, Price, Qty)],
    ) {
        let message = || {
            let of = |wanted: Side| -> Vec<wire::Level> {
                let levels = levels.iter().filter(|(side, _, _)| *side == wanted);
                levels.map(|(_, price, qty)| (*price, *qty)).collect()
            };
            let sides = (of(Side::Buy), of(Side::Sell));
            wire::book(wire::head("o", listing), listing, at, (&sides.0, &sides.1))
        };
        self.publish("orderbooks", listing, message);
    }

    /// A book is shown whole: what was known of it before is void.
    pub(crate) fn publish_book(
        &mut self,
        listing: &Listing,
        at: UnixNanos,
        sides: impl FnOnce() -> (Vec<wire::Level>, Vec<wire::Level>),
    ) {
        let message = || {
            let (bids, asks) = sides();
            let head = wire::head("o", listing);
            wire::book(head, listing, at, (&bids, &asks)).with("r", Node::Bool(true))
        };
        self.publish("orderbooks", listing, message);
    }
}
