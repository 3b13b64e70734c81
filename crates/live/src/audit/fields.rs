//! What an entry says, as named and typed fields. Names are the standard ones of the tables.
//!
//! Prices, quantities and money are exact decimal text, times are nanoseconds UTC, ids are text as
//! the venue knows them. A field that an entry does not have is left out.

use py_rt_kernel::actions::ActionKind;
use py_rt_kernel::input::{Control, Phase, Session};
use py_rt_kernel::journal::{Decision, End, Entry, Header, OwnedInput};
use py_rt_types::{
    AccountReport, Bar, EventKind, Liquidity, MarketEvent, NewOrder, OrderType, Query, Ratio,
    Report, ReportKind, TimeInForce, UnixNanos,
};

use super::spelling::{money, side, Spelling};

/// A field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A whole number with a sign.
    Int(i64),
    /// A count.
    Count(u64),
    /// A measured number.
    Real(f64),
    /// Yes or no.
    Flag(bool),
    /// A word of a fixed list.
    Word(&'static str),
    /// Text.
    Text(String),
}

/// A name and its value.
pub type Field = (&'static str, Value);
type Fields = Vec<Field>;

/// The kind of an entry, one word.
#[must_use]
pub const fn kind(entry: &Entry) -> &'static str {
    match entry {
        Entry::Header(_) => "header",
        Entry::Snapshot(_) => "snapshot",
        Entry::IdBlock { .. } => "id_block",
        Entry::Synced { .. } => "synced",
        Entry::End(_) => "end",
        Entry::Input(_, input) => match input {
            OwnedInput::Market(_) => "market",
            OwnedInput::Bar(_) => "bar",
            OwnedInput::Report(_) => "report",
            OwnedInput::Account(_) => "account",
            OwnedInput::Session(_) => "session",
            OwnedInput::Control(_) => "control",
            OwnedInput::Action(_) => "action",
            OwnedInput::Charge(_) => "charge",
            OwnedInput::Rate(_) => "rate",
            OwnedInput::Timer => "timer",
            OwnedInput::Phase(..) => "phase",
        },
        Entry::Decision(_, decision) => match decision {
            Decision::New(_) => "new",
            Decision::Replace(_) => "replace",
            Decision::Cancel(_) => "cancel",
            Decision::Query(_) => "query",
        },
    }
}

/// When the kernel learned it or decided it; `None` for entries that have no time of their own.
#[must_use]
pub const fn time(entry: &Entry) -> Option<UnixNanos> {
    match entry {
        Entry::Header(header) => Some(header.ts_start),
        Entry::Input(now, _) | Entry::Decision(now, _) => Some(*now),
        Entry::End(end) => Some(end.now),
        Entry::Snapshot(_) | Entry::IdBlock { .. } | Entry::Synced { .. } => None,
    }
}

/// What an entry says.
#[must_use]
pub fn fields(spelling: &Spelling, entry: &Entry) -> Vec<Field> {
    let mut out = Vec::with_capacity(10);
    match entry {
        Entry::Header(header) => of_header(header, &mut out),
        Entry::Snapshot(bytes) => out.push(("bytes", Value::Count(bytes.len() as u64))),
        Entry::IdBlock { end } => out.push(("ids_below", Value::Count(*end))),
        Entry::Synced { offset } => out.push(("synced_bytes", Value::Count(*offset))),
        Entry::End(end) => of_end(end, &mut out),
        Entry::Input(_, input) => of_input(spelling, input, &mut out),
        Entry::Decision(_, decision) => of_decision(spelling, decision, &mut out),
    }
    out
}

fn of_header(header: &Header, out: &mut Fields) {
    let text = |text: &str| Value::Text(text.to_string());
    let symbols: Vec<&str> = header
        .kernel
        .instruments
        .iter()
        .map(|i| i.symbol())
        .collect();
    out.extend([
        ("session", Value::Count(header.session)),
        ("strategy", text(&header.strategy)),
        ("symbols", Value::Text(symbols.join(","))),
        ("lineage", text(&header.lineage)),
        ("first_sequence", Value::Count(header.first_sequence)),
        ("config_hash", text(&header.config_hash)),
        ("code_hash", text(&header.code_hash)),
        ("strict", Value::Flag(header.strict)),
    ]);
}

fn of_end(end: &End, out: &mut Fields) {
    out.extend([
        (
            "order_hash",
            Value::Text(format!("{:032x}", end.order_hash)),
        ),
        ("decisions", Value::Count(end.decisions)),
        ("orders", Value::Count(end.totals.orders)),
        ("fills", Value::Count(end.totals.fills)),
        ("rejected", Value::Count(end.totals.rejected)),
    ]);
}

fn of_input(spelling: &Spelling, input: &OwnedInput, out: &mut Fields) {
    match input {
        OwnedInput::Market(row) => of_market(spelling, row, out),
        OwnedInput::Bar(bar) => of_bar(spelling, bar, out),
        OwnedInput::Report(report) => of_report(spelling, report, out),
        OwnedInput::Account(report) => of_account(spelling, report, out),
        OwnedInput::Session(session) => {
            let (word, next) = match session {
                Session::Connected => ("connected", None),
                Session::Disconnected => ("disconnected", None),
                Session::Restarted { next_sequence } => ("restarted", Some(*next_sequence)),
            };
            out.push(("event", Value::Word(word)));
            out.extend(next.map(|next| ("next_sequence", Value::Count(next))));
        }
        OwnedInput::Control(control) => {
            out.push(("control", Value::Word(control_name(*control))));
            if let Control::Resume { by } | Control::Loosen { by } = control {
                out.push(("by", Value::Text(by.name().to_string())));
            }
        }
        OwnedInput::Phase(instrument, phase) => {
            out.push(("symbol", spelling.symbol(*instrument)));
            let word = match phase {
                Phase::Open => "open",
                Phase::Auction => "auction",
                Phase::Halted => "halted",
                Phase::Closed => "closed",
            };
            out.push(("phase", Value::Word(word)));
        }
        OwnedInput::Action(action) => {
            out.push(("symbol", spelling.symbol(action.instrument)));
            match action.kind {
                ActionKind::Split(split) => {
                    out.push(("action", Value::Word("split")));
                    out.push(("ratio", Value::Text(format!("{}:{}", split.to, split.from))));
                }
                ActionKind::Dividend { per_unit } => {
                    out.push(("action", Value::Word("dividend")));
                    out.push(("amount", money(per_unit)));
                }
            }
        }
        OwnedInput::Charge(charge) => {
            out.push(("symbol", spelling.symbol(charge.instrument)));
            out.push(("charge", Value::Word(charge.kind.name())));
            out.push(("rate", ratio(charge.kind.rate())));
        }
        OwnedInput::Rate(told) => {
            out.push(("currency", Value::Count(u64::from(told.currency.0))));
            out.push(("rate", ratio(told.rate)));
        }
        OwnedInput::Timer => {}
    }
}

fn ratio(ratio: Ratio) -> Value {
    Value::Text(format!("{}/{}", ratio.numerator(), ratio.denominator()))
}

pub(super) const fn control_name(control: Control) -> &'static str {
    match control {
        Control::Start => "start",
        Control::Stop => "stop",
        Control::Halt => "halt",
        Control::ReduceOnly => "reduce_only",
        Control::Resume { .. } => "resume",
        Control::Flatten => "flatten",
        Control::Loosen { .. } => "loosen",
        Control::LeaseLost => "lease_lost",
        Control::LeaseHeld => "lease_held",
        Control::CancelAll => "cancel_all",
    }
}

fn of_market(spelling: &Spelling, row: &MarketEvent, out: &mut Fields) {
    let event = match row.event_kind() {
        Some(EventKind::Depth) => "depth",
        Some(EventKind::Trade) => "trade",
        Some(EventKind::Clear) => "clear",
        Some(EventKind::Snapshot) => "snapshot",
        Some(EventKind::Quote) => "quote",
        Some(EventKind::OrderAdd) => "order_add",
        Some(EventKind::OrderReduce) => "order_reduce",
        Some(EventKind::OrderDelete) => "order_delete",
        Some(EventKind::OrderExecute) => "order_execute",
        None => "unknown",
    };
    out.push(("event", Value::Word(event)));
    out.push(("symbol", spelling.symbol(row.instrument)));
    out.extend(row.book_side().map(|one| ("side", side(one))));
    out.push(("price", spelling.price(row.instrument, row.price)));
    out.push(("qty", spelling.qty(row.instrument, row.qty)));
    out.push(("ts_event", Value::Int(row.ts_event.0)));
    out.push(("flags", Value::Count(u64::from(row.flags))));
    if row.order_id != 0 {
        out.push(("order_id", Value::Count(row.order_id)));
    }
}

fn of_bar(spelling: &Spelling, bar: &Bar, out: &mut Fields) {
    let price = |price| spelling.price(bar.instrument, price);
    out.extend([
        ("symbol", spelling.symbol(bar.instrument)),
        ("ts_open", Value::Int(bar.ts_open.0)),
        ("ts_event", Value::Int(bar.ts_close.0)),
        ("open", price(bar.open)),
        ("high", price(bar.high)),
        ("low", price(bar.low)),
        ("close", price(bar.close)),
        ("volume", Value::Real(bar.volume)),
    ]);
}

pub(super) fn of_report(spelling: &Spelling, report: &Report, out: &mut Fields) {
    let id = report.instrument;
    let text = spelling.order_id(report.client_order_id);
    out.push(("report", Value::Word(report_name(&report.kind))));
    out.push(("client_order_id", Value::Text(text)));
    out.extend(
        spelling
            .venue_id(report.venue_order_id)
            .map(|v| ("venue_order_id", v)),
    );
    out.push(("symbol", spelling.symbol(id)));
    out.push(("side", side(report.side)));
    out.push(("ts_event", Value::Int(report.ts_event.0)));
    match report.kind {
        ReportKind::Fill {
            exec_id: exec,
            last_qty,
            last_price,
            cum_qty,
            fee,
            fee_asset,
            liquidity,
        } => out.extend([
            ("exec_id", spelling.exec_id(id, exec)),
            ("last_qty", spelling.qty(id, last_qty)),
            ("last_price", spelling.price(id, last_price)),
            ("cum_qty", spelling.qty(id, cum_qty)),
            ("fee", money(fee)),
            ("fee_asset", Value::Word(fee_asset.name())),
            ("liquidity", Value::Word(liquidity_name(liquidity))),
        ]),
        ReportKind::Canceled { cum_qty }
        | ReportKind::Expired { cum_qty }
        | ReportKind::DoneForDay { cum_qty } => out.push(("cum_qty", spelling.qty(id, cum_qty))),
        ReportKind::Rejected { reason }
        | ReportKind::CancelRejected { reason }
        | ReportKind::ReplaceRejected { reason } => {
            out.push(("reason", Value::Word(reason.name())))
        }
        ReportKind::Replaced {
            order_qty,
            limit_price,
        } => {
            out.push(("order_qty", spelling.qty(id, order_qty)));
            out.extend(limit_price.map(|p| ("limit_price", spelling.price(id, p))));
        }
        ReportKind::Snapshot {
            status,
            order_qty,
            cum_qty,
            order_type,
            tif,
            limit_price,
        } => {
            out.push(("status", Value::Word(status.name())));
            out.push(("order_type", Value::Word(type_name(order_type))));
            out.push(("tif", Value::Word(tif_name(tif))));
            out.push(("order_qty", spelling.qty(id, order_qty)));
            out.push(("cum_qty", spelling.qty(id, cum_qty)));
            out.extend(limit_price.map(|p| ("limit_price", spelling.price(id, p))));
        }
        ReportKind::Accepted
        | ReportKind::PendingCancel
        | ReportKind::PendingReplace
        | ReportKind::NotFound
        | ReportKind::NewUnanswered
        | ReportKind::CancelUnanswered
        | ReportKind::ReplaceUnanswered
        | ReportKind::QueryUnanswered => {}
    }
}

/// The name of what a venue said, or did not say.
pub(super) const fn report_name(kind: &ReportKind) -> &'static str {
    match kind {
        ReportKind::Accepted => "accepted",
        ReportKind::Fill { .. } => "fill",
        ReportKind::Canceled { .. } => "canceled",
        ReportKind::Expired { .. } => "expired",
        ReportKind::DoneForDay { .. } => "done_for_day",
        ReportKind::Rejected { .. } => "rejected",
        ReportKind::Replaced { .. } => "replaced",
        ReportKind::PendingCancel => "pending_cancel",
        ReportKind::PendingReplace => "pending_replace",
        ReportKind::CancelRejected { .. } => "cancel_rejected",
        ReportKind::ReplaceRejected { .. } => "replace_rejected",
        ReportKind::Snapshot { .. } => "snapshot",
        ReportKind::NotFound => "not_found",
        ReportKind::NewUnanswered => "new_unanswered",
        ReportKind::CancelUnanswered => "cancel_unanswered",
        ReportKind::ReplaceUnanswered => "replace_unanswered",
        ReportKind::QueryUnanswered => "query_unanswered",
    }
}

fn of_account(spelling: &Spelling, report: &AccountReport, out: &mut Fields) {
    match report {
        AccountReport::Position {
            instrument,
            qty,
            cost,
        } => {
            out.push(("report", Value::Word("position")));
            out.push(("symbol", spelling.symbol(*instrument)));
            out.push(("qty", spelling.qty(*instrument, *qty)));
            out.push(("cost", money(*cost)));
        }
        AccountReport::Cash(cash) => {
            out.push(("report", Value::Word("cash")));
            out.push(("cash", money(*cash)));
        }
        AccountReport::Done(query) => {
            out.push(("report", Value::Word("done")));
            of_query(spelling, query, out);
        }
        AccountReport::Failed(query) => {
            out.push(("report", Value::Word("failed")));
            of_query(spelling, query, out);
        }
    }
}

fn of_query(spelling: &Spelling, query: &Query, out: &mut Fields) {
    let (word, field) = match query {
        Query::Order {
            client_order_id, ..
        } => {
            let text = spelling.order_id(*client_order_id);
            ("order", Some(("client_order_id", Value::Text(text))))
        }
        Query::VenueOrder { venue_order_id } => {
            let id = spelling.venue_id(*venue_order_id);
            ("venue_order", id.map(|id| ("venue_order_id", id)))
        }
        Query::OpenOrders => ("open_orders", None),
        Query::Fills { since } => ("fills", Some(("since", Value::Int(since.0)))),
        Query::Positions => ("positions", None),
        Query::Account => ("account", None),
    };
    out.push(("query", Value::Word(word)));
    out.extend(field);
}

pub(super) fn of_new(spelling: &Spelling, order: &NewOrder, out: &mut Fields) {
    let id = order.instrument;
    out.extend([
        (
            "client_order_id",
            Value::Text(spelling.order_id(order.client_order_id)),
        ),
        ("symbol", spelling.symbol(id)),
        ("side", side(order.side)),
        ("order_type", Value::Word(type_name(order.order_type))),
        ("tif", Value::Word(tif_name(order.tif))),
        ("order_qty", spelling.qty(id, order.order_qty)),
    ]);
    out.extend(
        order
            .limit_price
            .map(|p| ("limit_price", spelling.price(id, p))),
    );
    out.extend(
        order
            .stop_price
            .map(|p| ("stop_price", spelling.price(id, p))),
    );
    out.push(("post_only", Value::Flag(order.post_only)));
    out.push(("reduce_only", Value::Flag(order.reduce_only)));
}

pub(super) fn of_decision(spelling: &Spelling, decision: &Decision, out: &mut Fields) {
    match decision {
        Decision::New(order) => of_new(spelling, order, out),
        Decision::Replace(order) => {
            let text = spelling.order_id(order.client_order_id);
            out.push(("client_order_id", Value::Text(text)));
            out.extend(
                spelling
                    .venue_id(order.venue_order_id)
                    .map(|id| ("venue_order_id", id)),
            );
            out.push(("symbol", spelling.symbol(order.instrument)));
            out.push(("order_qty", spelling.qty(order.instrument, order.order_qty)));
            let price = order.limit_price;
            out.extend(price.map(|p| ("limit_price", spelling.price(order.instrument, p))));
        }
        Decision::Cancel(order) => {
            let text = spelling.order_id(order.client_order_id);
            out.push(("client_order_id", Value::Text(text)));
            out.extend(
                spelling
                    .venue_id(order.venue_order_id)
                    .map(|id| ("venue_order_id", id)),
            );
            out.push(("symbol", spelling.symbol(order.instrument)));
        }
        Decision::Query(query) => of_query(spelling, query, out),
    }
}

pub(super) const fn type_name(order_type: OrderType) -> &'static str {
    match order_type {
        OrderType::Market => "market",
        OrderType::Limit => "limit",
        OrderType::Stop => "stop",
    }
}

pub(super) const fn tif_name(tif: TimeInForce) -> &'static str {
    match tif {
        TimeInForce::Day => "DAY",
        TimeInForce::Gtc => "GTC",
        TimeInForce::Ioc => "IOC",
        TimeInForce::Fok => "FOK",
    }
}

pub(super) const fn liquidity_name(liquidity: Liquidity) -> &'static str {
    match liquidity {
        Liquidity::Maker => "maker",
        Liquidity::Taker => "taker",
    }
}
