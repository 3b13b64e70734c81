//! The words of the little venue.

use py_rt_types::UnixNanos;
use py_rt_venues::alpaca::ids::encode_uuid;
use py_rt_venues::alpaca::time::encode_instant;

use super::venue::VenueOrder;

#[derive(Debug, Clone)]
pub struct Execution {
    pub id: u128,
    pub order: usize,
    pub qty: i64,
    pub cum: i64,
    pub at: UnixNanos,
}

pub(super) const ASSET: &str = "{\"class\":\"crypto\",\"symbol\":\"BTC/USD\",\"tradable\":true,\
    \"shortable\":true,\"fractionable\":true,\"min_order_size\":\"0.001\",\
    \"min_trade_increment\":\"0.001\",\"price_increment\":\"0.5\"}";
pub(super) const CONNECTED: &[u8] = b"[{\"T\":\"success\",\"msg\":\"connected\"}]";
pub(super) const AUTHORIZED: &str = "{\"stream\":\"authorization\",\
    \"data\":{\"status\":\"authorized\",\"action\":\"authenticate\"}}";
pub(super) const LISTENING: &str =
    "{\"stream\":\"listening\",\"data\":{\"streams\":[\"trade_updates\"]}}";

pub(super) fn uuid(value: u128) -> String {
    let mut text = Vec::new();
    encode_uuid(value, &mut text);
    String::from_utf8(text).unwrap()
}

pub(super) fn instant(at: UnixNanos) -> String {
    let mut text = Vec::new();
    encode_instant(at, &mut text);
    String::from_utf8(text).unwrap()
}

pub(super) fn activity(one: &Execution) -> String {
    format!("20260920000000{:03}::{}", one.order % 1000, uuid(one.id))
}

pub(super) fn lots(text: &str) -> i64 {
    (text.parse::<f64>().unwrap() * 1000.0).round() as i64
}

pub(super) fn qty_text(lots: i64) -> String {
    let sign = if lots < 0 { "-" } else { "" };
    format!("{sign}{}.{:03}", lots.abs() / 1000, lots.abs() % 1000)
}

pub(super) fn json(order: &VenueOrder) -> String {
    format!(
        "{{\"id\":\"{}\",\"client_order_id\":\"{}\",\"symbol\":\"BTC/USD\",\"side\":\"{}\",\
         \"type\":\"limit\",\"time_in_force\":\"gtc\",\"qty\":\"{}\",\"filled_qty\":\"{}\",\
         \"limit_price\":\"{}\",\"stop_price\":null,\"status\":\"{}\",\"updated_at\":\"{}\"}}",
        uuid(order.id),
        order.client,
        if order.sell { "sell" } else { "buy" },
        qty_text(order.qty),
        qty_text(order.cum),
        order.price,
        order.status,
        instant(order.updated)
    )
}
