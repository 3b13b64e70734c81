//! Market data in the dialect's short names; on streams with `T` and `S` in front.

use py_rt_sim::SimVenue;
use py_rt_types::{InstrumentId, Price, Qty, Side, UnixNanos};

use crate::listing::Listing;
use crate::market::tape::{Print, Quote, TradeBar};
use crate::node::{Name, Node};
use crate::order::average;

/// A price and its quantity.
pub(crate) type Level = (Price, Qty);

/// The recorded book, as the matching engine holds it.
pub(crate) fn book_levels(venue: &SimVenue, place: usize, side: Side) -> Vec<Level> {
    let mut levels = Vec::new();
    if let Some(book) = venue.book(InstrumentId(place as u32)) {
        book.visit(side, |level| {
            levels.push((level.price, level.qty));
            true
        });
    }
    levels
}

/// The fields every stream message begins with.
pub(crate) fn head(kind: &'static str, listing: &Listing) -> Vec<(Name, Node)> {
    vec![
        (Name::Borrowed("T"), kind.into()),
        (Name::Borrowed("S"), Node::text(listing.symbol())),
    ]
}

fn extended<const N: usize>(
    mut fields: Vec<(Name, Node)>,
    more: [(&'static str, Node); N],
) -> Node {
    fields.extend(more.map(|(name, value)| (Name::Borrowed(name), value)));
    Node::Map(fields)
}

fn price(listing: &Listing, price: Price) -> Node {
    Node::optional(listing.instrument.price_decimal(price).ok(), Node::Number)
}

/// Whole quantities are written as integers: shares.
fn qty(listing: &Listing, qty: Qty) -> Node {
    match listing.instrument.qty_decimal(qty) {
        Ok(value) if value.scale() == 0 => {
            i64::try_from(value.mantissa()).map_or(Node::Number(value), Node::Int)
        }
        Ok(value) => Node::Number(value),
        Err(_) => Node::Null,
    }
}

pub(crate) fn trade(head: Vec<(Name, Node)>, listing: &Listing, print: &Print) -> Node {
    let fields = [
        ("i", Node::Int(print.id)),
        ("p", price(listing, print.price)),
        ("s", qty(listing, print.qty)),
        ("t", Node::Time(print.at)),
    ];
    let node = extended(head, fields);
    if listing.is_crypto() {
        let taker = match print.side {
            1 => "B",
            -1 => "S",
            _ => "",
        };
        return node.with("tks", taker.into());
    }
    node.with("x", "V".into())
        .with("c", Node::List(vec!["@".into()]))
        .with("z", "C".into())
}

pub(crate) fn quote(head: Vec<(Name, Node)>, listing: &Listing, quote: &Quote) -> Node {
    let fields = [
        ("bp", price(listing, quote.bid)),
        ("bs", qty(listing, quote.bid_qty)),
        ("ap", price(listing, quote.ask)),
        ("as", qty(listing, quote.ask_qty)),
        ("t", Node::Time(quote.at)),
    ];
    let node = extended(head, fields);
    if listing.is_crypto() {
        return node;
    }
    node.with("bx", "V".into())
        .with("ax", "V".into())
        .with("c", Node::List(vec!["R".into()]))
        .with("z", "C".into())
}

pub(crate) fn bar(head: Vec<(Name, Node)>, listing: &Listing, bar: &TradeBar) -> Node {
    let tick = listing.instrument.spec().tick_size;
    let mean = average(bar.turnover, bar.volume, tick);
    let fields = [
        ("t", Node::Time(bar.opens)),
        ("o", price(listing, bar.open)),
        ("h", price(listing, bar.high)),
        ("l", price(listing, bar.low)),
        ("c", price(listing, bar.close)),
        ("v", qty(listing, Qty(bar.volume))),
        ("n", Node::Int(bar.trades)),
        ("vw", Node::Number(mean)),
    ];
    extended(head, fields)
}

/// Levels of a book; a quantity of 0 takes the level away.
pub(crate) fn book(
    head: Vec<(Name, Node)>,
    listing: &Listing,
    at: UnixNanos,
    (bids, asks): (&[Level], &[Level]),
) -> Node {
    let levels = |levels: &[Level]| {
        let row = |(p, s): &Level| Node::map([("p", price(listing, *p)), ("s", qty(listing, *s))]);
        Node::List(levels.iter().map(row).collect())
    };
    let fields = [
        ("t", Node::Time(at)),
        ("b", levels(bids)),
        ("a", levels(asks)),
    ];
    extended(head, fields)
}
