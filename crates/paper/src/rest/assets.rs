//! What is listed, over HTTP.

use py_rt_types::Decimal;

use super::Reply;
use crate::answer::{Answer, Refusal, Request};
use crate::engine::Engine;
use crate::ids::Uuid;
use crate::listing::Listing;
use crate::node::Node;

impl Engine {
    pub(super) fn list_assets(&self, request: &Request) -> Answer {
        let class = request.param("asset_class");
        let wanted = |listing: &&Listing| class.is_none_or(|class| class == listing.class.name());
        let inactive = request.param("status") == Some("inactive");
        let rows = self.listings.iter().filter(wanted).filter(|_| !inactive);
        Answer::ok(Node::List(rows.map(asset_node).collect()))
    }

    /// By symbol, with or without its slash, or by id.
    pub(super) fn one_asset(&self, symbol: &str) -> Reply {
        let by_id = Uuid::parse(symbol).and_then(|id| {
            self.listings
                .iter()
                .position(|listing| listing.asset_id == id)
        });
        let unknown = || Refusal::not_found(format!("asset not found for {symbol}"));
        let place = by_id
            .or_else(|| self.place_of(symbol))
            .ok_or_else(unknown)?;
        Ok(Answer::ok(asset_node(&self.listings[place])))
    }
}

fn asset_node(listing: &Listing) -> Node {
    let crypto = listing.is_crypto();
    let spec = listing.instrument.spec();
    let smallest = |least: Decimal, step: Decimal| {
        Node::decimal(if least.mantissa() > 0 { least } else { step })
    };
    let node = Node::map([
        ("id", Node::text(listing.asset_id.to_string())),
        ("class", listing.class.name().into()),
        ("exchange", if crypto { "CRYPTO" } else { "NASDAQ" }.into()),
        ("symbol", Node::text(listing.symbol())),
        ("name", Node::text(listing.symbol())),
        ("status", "active".into()),
        ("tradable", Node::Bool(true)),
        ("marginable", Node::Bool(!crypto)),
        ("shortable", Node::Bool(spec.shortable)),
        ("easy_to_borrow", Node::Bool(spec.shortable)),
        (
            "fractionable",
            Node::Bool(crypto || spec.lot_size.scale() > 0),
        ),
        ("attributes", Node::List(Vec::new())),
    ]);
    if crypto {
        node.with("min_order_size", smallest(spec.min_qty, spec.lot_size))
            .with("min_trade_increment", Node::decimal(spec.lot_size))
            .with("price_increment", Node::decimal(spec.tick_size))
    } else {
        node.with("maintenance_margin_requirement", Node::Int(30))
            .with("margin_requirement_long", "30".into())
            .with("margin_requirement_short", "30".into())
    }
}
