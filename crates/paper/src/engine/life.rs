//! What the matching engine says, booked: states, executions, positions, cash, stream events.

use py_rt_types::{ExecId, Liquidity, Money, Price, Qty, Report, ReportKind, Side};

use super::Engine;
use crate::config::Dialect;
use crate::node::Node;
use crate::order::{Execution, Status};
use crate::rest;

/// An execution as the matching engine tells it.
#[derive(Clone, Copy)]
pub(super) struct Filled {
    pub(super) qty: Qty,
    pub(super) price: Price,
    fee: Money,
    pub(super) liquidity: Liquidity,
}

impl Engine {
    /// Books all reports that wait.
    pub(super) fn drain_reports(&mut self) {
        while let Some(report) = self.venue.poll_report() {
            self.apply_report(&report.report);
        }
    }

    fn apply_report(&mut self, report: &Report) {
        let sequence = report.client_order_id.sequence;
        let Some(&place) = self.by_sequence.get(&sequence) else {
            return;
        };
        match report.kind {
            ReportKind::Accepted => self.apply_accepted(place),
            ReportKind::Fill {
                exec_id: ExecId(_),
                last_qty,
                last_price,
                fee,
                liquidity,
                ..
            } => {
                let filled = Filled {
                    qty: last_qty,
                    price: last_price,
                    fee,
                    liquidity,
                };
                self.apply_fill(place, &filled);
            }
            ReportKind::Canceled { .. } | ReportKind::DoneForDay { .. } => {
                self.end(place, self.status_of_rest(place));
            }
            ReportKind::Expired { .. } => self.end(place, Status::Expired),
            ReportKind::Rejected { .. } => self.end(place, Status::Rejected),
            ReportKind::Replaced { .. } => self.apply_replaced(place, sequence),
            ReportKind::ReplaceRejected { .. } => self.apply_replace_rejected(place),
            _ => {}
        }
    }

    /// What is left of an order that nobody cancelled expires on Binance.
    fn status_of_rest(&self, place: usize) -> Status {
        let order = &self.orders[place];
        let asked = order.cancel_id.is_some();
        match self.accounts[order.account].dialect {
            Dialect::Binance if !asked => Status::Expired,
            _ => Status::Canceled,
        }
    }

    /// A stop order that was shown as new while it waited is not shown twice.
    pub(super) fn apply_accepted(&mut self, place: usize) {
        let order = &mut self.orders[place];
        if order.status != Status::PendingNew {
            return;
        }
        order.status = Status::New;
        order.updated_at = self.now;
        self.tell(place, "new", None);
    }

    /// An execution; a fault may let it come in parts.
    fn apply_fill(&mut self, place: usize, filled: &Filled) {
        let parts = i64::try_from(self.parts_of_fill(place)).unwrap_or(1);
        let parts = parts.min(filled.qty.0).max(1);
        let mut left = *filled;
        for number in (1..=parts).rev() {
            let part = Filled {
                qty: Qty(left.qty.0 / number),
                fee: Money(left.fee.0 / i128::from(number)),
                ..left
            };
            left.qty.0 -= part.qty.0;
            left.fee.0 -= part.fee.0;
            self.book_part(place, &part);
        }
        self.fault_after_fill(place);
    }

    /// Books an execution that the matching engine knows nothing of, without a fee in money.
    pub(crate) fn book_fill(&mut self, place: usize, qty: Qty, price: Price, side: Liquidity) {
        let filled = Filled {
            qty,
            price,
            fee: Money::ZERO,
            liquidity: side,
        };
        if self.orders[place].leaves() > qty {
            // The matching engine shall not execute the same lots once more.
            self.withdraw(place);
            self.book_part(place, &filled);
            if self.orders[place].status.is_open() {
                self.orders[place].parked = true;
            }
            return;
        }
        if self.orders[place].status.is_open() {
            self.withdraw(place);
        }
        self.book_part(place, &filled);
    }

    /// Takes an execution back: money, holdings and the order's total.
    pub(crate) fn take_back(&mut self, at: usize) {
        self.executions[at].busted = true;
        let execution = self.executions[at].clone();
        let order = &mut self.orders[execution.order];
        order.cum_qty.0 -= execution.qty.0;
        order.turnover -= i128::from(execution.price.0) * i128::from(execution.qty.0);
        order.fills.retain(|fill| *fill != at);
        let (account, instrument) = (order.account, order.instrument);
        let side = order.side.opposite();
        let filled = Filled {
            qty: execution.qty,
            price: execution.price,
            fee: Money(-execution.fee.0),
            liquidity: execution.liquidity,
        };
        match execution.commission {
            Some((paid, asset)) => {
                self.book_assets(account, instrument, side, (&filled, &(-paid, asset)));
            }
            None => self.book_money(account, instrument, side, &filled),
        }
        self.accounts[account].executions.retain(|fill| *fill != at);
        self.tell(execution.order, "restated", None);
    }

    fn book_part(&mut self, place: usize, filled: &Filled) {
        let now = self.now;
        let id = self.ids.uuid();
        let order = &mut self.orders[place];
        order.cum_qty.0 = order.cum_qty.0.saturating_add(filled.qty.0);
        order.turnover += i128::from(filled.price.0) * i128::from(filled.qty.0);
        order.status = order.working_status();
        order.updated_at = now;
        let done = order.status == Status::Filled;
        if done {
            order.filled_at = Some(now);
            order.ended_at = None;
        }
        let (account, instrument, side) = (order.account, order.instrument, order.side);
        order.fills.push(self.executions.len());
        let (cum_qty, leaves) = (order.cum_qty, order.leaves());
        let commission = match self.accounts[account].dialect {
            Dialect::Binance => Some(self.commission_of(instrument, side, filled)),
            Dialect::Alpaca => None,
        };
        let execution = Execution {
            id,
            order: place,
            account,
            qty: filled.qty,
            price: filled.price,
            fee: filled.fee,
            commission,
            busted: false,
            trade: self.tapes[instrument].number_trade(),
            liquidity: filled.liquidity,
            at: now,
            cum_qty,
            leaves,
        };
        match &execution.commission {
            Some(paid) => self.book_assets(account, instrument, side, (filled, paid)),
            None => self.book_money(account, instrument, side, filled),
        }
        self.accounts[account]
            .executions
            .push(self.executions.len());
        self.executions.push(execution);
        if done {
            self.accounts[account].open.remove(&place);
        }
        let event = if done { "fill" } else { "partial_fill" };
        self.tell(place, event, self.executions.len().checked_sub(1));
        self.fill_group(place);
    }

    fn book_money(&mut self, account: usize, instrument: usize, side: Side, filled: &Filled) {
        let listing = &self.listings[instrument].instrument;
        let value = listing
            .notional(filled.price, filled.qty)
            .unwrap_or(Money::ZERO);
        let account = &mut self.accounts[account];
        let signed = i128::from(side.sign()) * value.0;
        account.cash.0 = account
            .cash
            .0
            .saturating_sub(signed)
            .saturating_sub(filled.fee.0);
        let lots = side.sign() * filled.qty.0;
        account.positions[instrument].book(lots, filled.price);
    }

    /// Ends an order without a fill.
    pub(crate) fn end(&mut self, place: usize, status: Status) {
        let order = &mut self.orders[place];
        order.status = status;
        order.updated_at = self.now;
        order.ended_at = Some(self.now);
        order.held = false;
        let account = order.account;
        self.accounts[account].open.remove(&place);
        self.tell(place, status.name(), None);
        self.end_group(place);
    }

    /// The old order ends as replaced; the new one goes on with what was executed.
    fn apply_replaced(&mut self, old: usize, sequence: u64) {
        let Some(new) = self.replacement.take() else {
            return;
        };
        self.by_sequence.insert(sequence, new);
        self.hand_over(old, new);
    }

    pub(super) fn hand_over(&mut self, old: usize, new: usize) {
        let now = self.now;
        let new_id = self.orders[new].id;
        let before = &mut self.orders[old];
        before.status = Status::Replaced;
        before.ended_at = Some(now);
        before.updated_at = now;
        before.replaced_by = Some(new_id);
        before.held = false;
        let (cum_qty, turnover, account) = (before.cum_qty, before.turnover, before.account);
        self.accounts[account].open.remove(&old);
        let after = &mut self.orders[new];
        after.cum_qty = cum_qty;
        after.turnover = turnover;
        after.status = after.working_status();
        self.rejoin(old, new);
        self.tell(old, "replaced", None);
        self.tell(new, "new", None);
    }

    fn apply_replace_rejected(&mut self, old: usize) {
        if let Some(new) = self.replacement.take() {
            self.orders[new].cum_qty = Qty::ZERO;
            self.orders[new].turnover = 0;
            self.end(new, Status::Rejected);
        }
        self.tell(old, "order_replace_rejected", None);
    }

    /// Tells the account's streams what happened to an order.
    pub(super) fn tell(&mut self, place: usize, event: &'static str, execution: Option<usize>) {
        if self.accounts[self.orders[place].account].dialect == Dialect::Binance {
            return self.report(place, event, execution);
        }
        let execution = execution.map(|at| &self.executions[at]);
        let id = match execution {
            Some(execution) => execution.id,
            None => self.ids.uuid(),
        };
        let order = &self.orders[place];
        let account = &self.accounts[order.account];
        if !self.hub.is_listening(order.account) {
            return;
        }
        let mut data = Node::map([
            ("event", event.into()),
            ("execution_id", Node::text(id.to_string())),
            ("order", self.order_node(order)),
            ("timestamp", Node::Time(self.now)),
        ]);
        if let Some(execution) = execution {
            let listing = &self.listings[order.instrument].instrument;
            let position = Qty(account.positions[order.instrument].qty);
            let qty = |qty| Node::optional(listing.qty_decimal(qty).ok(), Node::decimal);
            let price = listing.price_decimal(execution.price).ok();
            data = data
                .with("price", Node::optional(price, Node::decimal))
                .with("qty", qty(execution.qty))
                .with("position_qty", qty(position))
                .with("fee", rest::money(execution.fee))
                .with("liquidity", rest::liquidity(execution.liquidity));
        }
        let message = Node::map([("stream", "trade_updates".into()), ("data", data)]);
        self.hub.send_update(order.account, &message);
    }
}
