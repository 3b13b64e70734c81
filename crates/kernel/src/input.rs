//! Inputs: everything that can happen to a kernel.

use crate::actions::CorporateAction;
use py_rt_types::{AccountReport, Bar, MarketEvent, Report};

/// One thing that happened. The time at which the kernel learns it stands beside it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// A market row.
    Market(&'a MarketEvent),
    /// A closed bar.
    Bar(&'a Bar),
    /// The venue said something about an order.
    Report(&'a Report),
    /// The venue said something about the account.
    Account(&'a AccountReport),
    /// The connection to the account changed.
    Session(Session),
    /// A person or a program steers.
    Control(Control),
    /// A company did something to its shares; nothing is on its way.
    Action(&'a CorporateAction),
    /// Nothing but time passed.
    Timer,
}

/// The connection to the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Session {
    /// Orders and reports can flow; what was missed must be asked for.
    Connected,
    /// Reports no longer arrive.
    Disconnected,
    /// The process died and is back; ids below this were perhaps used.
    Restarted {
        /// First id that was never given.
        next_sequence: u64,
    },
}

/// What a person or a program can ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// Begin.
    Start,
    /// End: the strategy is told, its orders are cancelled if so configured.
    Stop,
    /// Nothing new but reductions; cancel all working orders.
    Halt,
    /// Nothing new but reductions.
    ReduceOnly,
    /// Everything within limits again; breakers start from here.
    Resume,
    /// Cancel all working orders.
    CancelAll,
}
