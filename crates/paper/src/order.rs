//! Orders, executions, positions: the venue's books.

use py_rt_types::number::divide_half_even;
use py_rt_types::{Decimal, Liquidity, Money, Price, Qty, Side, UnixNanos};

use crate::ids::Uuid;

/// How the price of an order is made, in the dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Market,
    Limit,
    Stop,
    StopLimit,
    TrailingStop,
}

impl Kind {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "market" => Self::Market,
            "limit" => Self::Limit,
            "stop" => Self::Stop,
            "stop_limit" => Self::StopLimit,
            "trailing_stop" => Self::TrailingStop,
            _ => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Market => "market",
            Self::Limit => "limit",
            Self::Stop => "stop",
            Self::StopLimit => "stop_limit",
            Self::TrailingStop => "trailing_stop",
        }
    }

    pub(crate) const fn has_limit(self) -> bool {
        matches!(self, Self::Limit | Self::StopLimit)
    }

    pub(crate) const fn has_stop(self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit)
    }

    /// Waits at the venue's gate until the market reaches its stop price.
    pub(crate) const fn waits(self) -> bool {
        matches!(self, Self::Stop | Self::StopLimit | Self::TrailingStop)
    }
}

/// How long an order lives, in the dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tif {
    Day,
    Gtc,
    Ioc,
    Fok,
}

impl Tif {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "day" => Self::Day,
            "gtc" => Self::Gtc,
            "ioc" => Self::Ioc,
            "fok" => Self::Fok,
            _ => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Gtc => "gtc",
            Self::Ioc => "ioc",
            Self::Fok => "fok",
        }
    }
}

/// Whether an order comes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Simple,
    Bracket,
    Oco,
    Oto,
}

impl Class {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "simple" => Self::Simple,
            "bracket" => Self::Bracket,
            "oco" => Self::Oco,
            "oto" => Self::Oto,
            _ => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Simple => "",
            Self::Bracket => "bracket",
            Self::Oco => "oco",
            Self::Oto => "oto",
        }
    }
}

/// State of an order, in the dialect's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    PendingNew,
    New,
    PartiallyFilled,
    Filled,
    Canceled,
    Expired,
    Replaced,
    Rejected,
    /// Taken while its market is closed.
    Accepted,
    PendingCancel,
    /// A leg whose entry is not filled yet.
    Held,
}

impl Status {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::PendingNew => "pending_new",
            Self::New => "new",
            Self::PartiallyFilled => "partially_filled",
            Self::Filled => "filled",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::Replaced => "replaced",
            Self::Rejected => "rejected",
            Self::Accepted => "accepted",
            Self::PendingCancel => "pending_cancel",
            Self::Held => "held",
        }
    }

    pub(crate) const fn is_open(self) -> bool {
        matches!(
            self,
            Self::PendingNew
                | Self::New
                | Self::PartiallyFilled
                | Self::Accepted
                | Self::PendingCancel
                | Self::Held
        )
    }
}

/// The trail of a trailing stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trail {
    Price(Decimal),
    Percent(Decimal),
}

/// An order of an account.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: Uuid,
    pub(crate) client_order_id: String,
    pub(crate) account: usize,
    pub(crate) instrument: usize,
    pub(crate) side: Side,
    pub(crate) kind: Kind,
    pub(crate) tif: Tif,
    pub(crate) qty: Qty,
    /// The order was placed for money, not for a quantity.
    pub(crate) notional: Option<Decimal>,
    pub(crate) limit: Option<Price>,
    pub(crate) stop: Option<Price>,
    pub(crate) trail: Option<Trail>,
    /// Best price seen by a trailing stop.
    pub(crate) high_water: Option<Price>,
    pub(crate) extended_hours: bool,
    pub(crate) position_intent: &'static str,
    pub(crate) status: Status,
    /// Total executed, that of replaced orders before it included.
    pub(crate) cum_qty: Qty,
    /// Ticks times lots of all that was executed.
    pub(crate) turnover: i128,
    pub(crate) submitted_at: UnixNanos,
    pub(crate) updated_at: UnixNanos,
    pub(crate) filled_at: Option<UnixNanos>,
    /// When it ended in another way than by fills.
    pub(crate) ended_at: Option<UnixNanos>,
    pub(crate) expires_at: Option<UnixNanos>,
    pub(crate) replaced_by: Option<Uuid>,
    pub(crate) replaces: Option<Uuid>,
    /// Its number in the matching engine; shared by an order and its replacements.
    pub(crate) sequence: u64,
    pub(crate) revision: u16,
    /// It waits for its stop price and is not in the matching engine yet.
    pub(crate) held: bool,
    /// It waits for its market to trade and is not in the matching engine.
    pub(crate) parked: bool,
    /// What was executed before its present life in the matching engine.
    pub(crate) carried: Qty,
    pub(crate) class: Class,
    /// The order that it is a leg of.
    pub(crate) parent: Option<usize>,
    pub(crate) legs: Vec<usize>,
    /// It never takes.
    pub(crate) post_only: bool,
    /// Its stop price is reached from the other side: it takes a profit.
    pub(crate) takes_profit: bool,
    /// How it keeps from trading with its own account, where the dialect says so.
    pub(crate) stp: &'static str,
    /// It ended so that it would not trade with its own account.
    pub(crate) prevented: bool,
    /// Places of its executions, oldest first.
    pub(crate) fills: Vec<usize>,
    /// The id of the request that ended it, where the dialect names one.
    pub(crate) cancel_id: Option<String>,
}

impl Order {
    /// An order with nothing in it yet: a market order for nothing.
    pub(crate) fn blank(account: usize, instrument: usize, side: Side, now: UnixNanos) -> Self {
        Self {
            id: Uuid::of_name(""),
            client_order_id: String::new(),
            account,
            instrument,
            side,
            kind: Kind::Market,
            tif: Tif::Gtc,
            qty: Qty::ZERO,
            notional: None,
            limit: None,
            stop: None,
            trail: None,
            high_water: None,
            extended_hours: false,
            position_intent: "",
            status: Status::PendingNew,
            cum_qty: Qty::ZERO,
            turnover: 0,
            submitted_at: now,
            updated_at: now,
            filled_at: None,
            ended_at: None,
            expires_at: None,
            replaced_by: None,
            replaces: None,
            sequence: 0,
            revision: 0,
            held: false,
            parked: false,
            carried: Qty::ZERO,
            class: Class::Simple,
            parent: None,
            legs: Vec::new(),
            post_only: false,
            takes_profit: false,
            stp: "",
            prevented: false,
            fills: Vec::new(),
            cancel_id: None,
        }
    }

    /// Whether the market at `price` has reached a stop.
    pub(crate) fn is_reached(&self, stop: Price, price: Price) -> bool {
        let from_below = (self.side == Side::Buy) != self.takes_profit;
        match from_below {
            true => price >= stop,
            false => price <= stop,
        }
    }

    pub(crate) const fn leaves(&self) -> Qty {
        Qty(self.qty.0.saturating_sub(self.cum_qty.0))
    }

    /// Its quantity is claimed by another order of its group.
    pub(crate) fn is_shadow(&self) -> bool {
        let twin = self.kind.waits() && self.class != Class::Oto;
        self.parent.is_some() && (self.status == Status::Held || twin)
    }

    /// The status that says how much was executed.
    pub(crate) const fn working_status(&self) -> Status {
        if self.cum_qty.0 == 0 {
            Status::New
        } else if self.cum_qty.0 < self.qty.0 {
            Status::PartiallyFilled
        } else {
            Status::Filled
        }
    }
}

/// An execution.
#[derive(Debug, Clone)]
pub(crate) struct Execution {
    pub(crate) id: Uuid,
    /// Place of the order.
    pub(crate) order: usize,
    pub(crate) account: usize,
    pub(crate) qty: Qty,
    pub(crate) price: Price,
    pub(crate) fee: Money,
    /// What was charged and in which asset, where that is the asset received.
    pub(crate) commission: Option<(i128, String)>,
    /// It was taken back.
    pub(crate) busted: bool,
    /// Its number among the trades of the instrument.
    pub(crate) trade: i64,
    pub(crate) liquidity: Liquidity,
    pub(crate) at: UnixNanos,
    pub(crate) cum_qty: Qty,
    pub(crate) leaves: Qty,
}

/// A position.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Position {
    /// Signed lots.
    pub(crate) qty: i64,
    /// What was paid for it in ticks times lots, signed as the quantity.
    pub(crate) cost: i128,
}

impl Position {
    /// Books an execution; `qty` is signed. Average cost; turning through zero starts anew.
    pub(crate) fn book(&mut self, qty: i64, price: Price) {
        let added = i128::from(price.0) * i128::from(qty);
        let after = self.qty + qty;
        if self.qty == 0 || (self.qty > 0) == (qty > 0) {
            self.cost += added;
        } else if after == 0 || (after > 0) == (self.qty > 0) {
            // Cost per lot stays: what is left keeps its share.
            let held = i128::from(self.qty.abs());
            self.cost = divide_half_even(self.cost * i128::from(after.abs()), held);
        } else {
            self.cost = i128::from(price.0) * i128::from(after);
        }
        self.qty = after;
    }
}

/// `turnover / qty` ticks as an exact price text of up to nine more decimals than the tick.
pub(crate) fn average(turnover: i128, qty: i64, tick: Decimal) -> Decimal {
    if qty == 0 {
        return Decimal::ZERO;
    }
    let digits = 9.min(18 - tick.scale());
    let (turnover, qty) = (turnover.abs(), i128::from(qty).abs());
    let scaled = divide_half_even(turnover.saturating_mul(10i128.pow(digits)), qty);
    Decimal::try_new(
        scaled.saturating_mul(tick.mantissa()),
        digits + tick.scale(),
    )
    .unwrap_or(Decimal::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_keep_their_average_cost() {
        let mut position = Position::default();
        position.book(10, Price(100));
        position.book(10, Price(110));
        assert_eq!(
            position,
            Position {
                qty: 20,
                cost: 2100
            }
        );
        position.book(-5, Price(200));
        assert_eq!(
            position,
            Position {
                qty: 15,
                cost: 1575
            }
        );
        position.book(-20, Price(90));
        assert_eq!(
            position,
            Position {
                qty: -5,
                cost: -450
            }
        );
        position.book(5, Price(80));
        assert_eq!(position, Position::default());
    }

    #[test]
    fn averages_are_exact_where_they_can_be() {
        let tick = Decimal::parse("0.01").unwrap();
        let turnover = 19001 * 100 + 190_015 * 10;
        assert_eq!(average(turnover, 200, tick).to_string(), "190.0125");
        assert_eq!(average(-10, -3, tick).to_string(), "0.03333333333");
        assert_eq!(average(0, 0, tick), Decimal::ZERO);
    }
}
