//! Events: what the kernel tells those who watch. None of them is needed to trade.

use py_rt_types::{
    ClientOrderId, Decimal, ExecId, InstrumentId, Liquidity, Money, Price, Qty, Side, UnixNanos,
};

use crate::actions::ActionEvent;
use crate::charges::ChargeEvent;
use crate::execution::parents::Parent;
use crate::execution::Order;
use crate::margin::MarginEvent;
use crate::risk::Control;
use crate::signal::StrategyId;

/// Something happened that a person, a table or a screen may want to know.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    /// An order changed; the whole order as it now stands.
    Order(OrderEvent),
    /// An execution was booked, once.
    Fill(FillEvent),
    /// A position as it now stands.
    Position(PositionEvent),
    /// A book became valid or invalid.
    BookValidity {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Whether it may be believed.
        valid: bool,
    },
    /// What is allowed changed.
    Trading {
        /// What is allowed now.
        state: TradingState,
        /// Why.
        cause: Cause,
    },
    /// What one of several strategies may do changed, by a limit of its own.
    StrategyTrading {
        /// Which.
        strategy: StrategyId,
        /// What it may do now.
        state: TradingState,
        /// Why.
        cause: Cause,
    },
    /// A corporate action was applied.
    Action(ActionEvent),
    /// A charge was booked, once.
    Charge(ChargeEvent),
    /// A margin call went a step on.
    Margin(MarginEvent),
    /// Our books against the venue's.
    Sync(SyncEvent),
    /// A strategy published a signal.
    Signal {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Its value.
        value: f64,
        /// 0 to 1.
        confidence: f64,
    },
    /// The strategy cannot go on.
    StrategyFailed,
    /// A person steered, and answers for it.
    Command(crate::input::Control),
    /// Flattening has ended.
    Flattened {
        /// Positions that remain; each was told before.
        left: u32,
    },
    /// A position that flattening could not close.
    LeftOver {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Signed quantity.
        qty: Qty,
    },
    /// A parent order changed; as it now stands.
    Parent(ParentEvent),
}

/// An order after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderEvent {
    /// When the kernel learned it.
    pub ts_recv: UnixNanos,
    /// The order.
    pub order: Order,
    /// The limit that refused it, if one did.
    pub denial: Option<Denial>,
}

/// A parent order after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParentEvent {
    /// When the kernel learned it.
    pub ts_recv: UnixNanos,
    /// The parent order.
    pub parent: Parent,
}

/// A control that refused an order, with its limit and the value that broke it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// Which control.
    pub control: Control,
    /// Its limit.
    pub limit: Decimal,
    /// What the order would have made of it.
    pub value: Decimal,
    /// Whose limit: a strategy's own, or the account's.
    pub strategy: StrategyId,
}

/// One execution of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FillEvent {
    /// When the venue says it happened.
    pub ts_event: UnixNanos,
    /// When the kernel learned it.
    pub ts_recv: UnixNanos,
    /// Our order.
    pub client_order_id: ClientOrderId,
    /// The venue's id of the execution.
    pub exec_id: ExecId,
    /// What.
    pub instrument: InstrumentId,
    /// Bought or sold.
    pub side: Side,
    /// How much, in lots.
    pub last_qty: Qty,
    /// At which price, in ticks.
    pub last_price: Price,
    /// Total of the order after it.
    pub cum_qty: Qty,
    /// Fee in the instrument's currency; negative is a rebate. One in kind at what it is worth.
    pub fee: Money,
    /// The fee in 1e-18 of what is traded, where it was paid in kind.
    pub fee_in_kind: Money,
    /// Added or took liquidity.
    pub liquidity: Liquidity,
    /// Position of the strategy after it.
    pub position_qty: Qty,
    /// Which strategy of the run asked for it.
    pub strategy: StrategyId,
}

/// A position after a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PositionEvent {
    /// Whose.
    pub strategy: StrategyId,
    /// Of which instrument.
    pub instrument: InstrumentId,
    /// Signed quantity.
    pub qty: Qty,
    /// What was paid for it, signed as the quantity.
    pub cost: Money,
    /// Realised profit so far.
    pub realized_pnl: Money,
}

/// What is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum TradingState {
    /// Everything within limits.
    #[default]
    Active,
    /// Only what makes positions smaller.
    ReduceOnly,
    /// Nothing new but what makes positions smaller, and all working orders are cancelled.
    Halted,
}

impl TradingState {
    /// A stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::ReduceOnly => "reduce_only",
            Self::Halted => "halted",
        }
    }
}

/// Why the trading state changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// A person or a program asked.
    Operator,
    /// The daily loss limit.
    DailyLoss,
    /// The drawdown limit.
    Drawdown,
    /// The strategy failed.
    Strategy,
    /// The run is ending.
    Stopping,
    /// A number did not fit.
    Overflow,
    /// Our position differs from the venue's and nothing explains it.
    PositionMismatch,
    /// More orders of one instrument were executed in a window than allowed.
    RepeatedExecutions,
    /// Whose account it is is not sure, or sure again.
    Lease,
}

impl Cause {
    /// Whether it holds in the next session too, until a person resumes.
    pub(crate) const fn latches(self) -> bool {
        matches!(
            self,
            Self::Operator | Self::DailyLoss | Self::Drawdown | Self::RepeatedExecutions
        )
    }

    /// A stable word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::DailyLoss => "daily_loss",
            Self::Drawdown => "drawdown",
            Self::Strategy => "strategy",
            Self::Stopping => "stopping",
            Self::Overflow => "overflow",
            Self::PositionMismatch => "position_mismatch",
            Self::RepeatedExecutions => "repeated_executions",
            Self::Lease => "lease",
        }
    }
}

/// Our books against the venue's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncEvent {
    /// Asking the venue; nothing new is sent.
    Started,
    /// Ours and theirs agree.
    Reconciled {
        /// Orders of ours that the journal did not know.
        adopted_orders: u32,
        /// Fills that happened while we were away.
        booked_fills: u32,
    },
    /// A position at the venue that is not ours; it is kept apart.
    ForeignPosition {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Signed quantity beyond ours.
        qty: Qty,
    },
    /// An order at the venue that is not ours; it is left alone.
    ForeignOrder {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Its quantity.
        qty: Qty,
    },
    /// Ours and theirs differ and nothing explains it.
    Mismatch {
        /// Of which instrument.
        instrument: InstrumentId,
        /// Ours, with what is known to be foreign.
        ours: Qty,
        /// Theirs.
        theirs: Qty,
    },
    /// The connection is gone; nothing new is sent.
    Lost,
}
