//! Inputs: everything that can happen to a kernel.

use crate::actions::CorporateAction;
use crate::charges::Charge;
use crate::currency::ExchangeRate;
use core::fmt;
use py_rt_types::{AccountReport, Bar, InstrumentId, MarketEvent, Report};

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
    /// The market of an instrument opened, closed or was halted.
    Phase(InstrumentId, Phase),
    /// A company did something to its shares; nothing is on its way.
    Action(&'a CorporateAction),
    /// Holding an instrument costs or earns something; booked once.
    Charge(&'a Charge),
    /// A rate of exchange.
    Rate(ExchangeRate),
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
    Resume {
        /// Who says so.
        by: Person,
    },
    /// Cancel all working orders.
    CancelAll,
    /// Halt, and close every position within the price collar once no order works any more.
    Flatten,
    /// The limits of this session are looser than those of the one before.
    Loosen {
        /// Who says so.
        by: Person,
    },
    /// The lease of the account ran out: nothing new but reductions until it is held again.
    LeaseLost,
    /// The account is ours again: lifts what `LeaseLost` did, and nothing else.
    LeaseHeld,
}

/// What the market of an instrument takes at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Phase {
    /// Everything.
    #[default]
    Open,
    /// Orders with a price that wait.
    Auction,
    /// Nothing, until further notice.
    Halted,
    /// Nothing, until the next session.
    Closed,
}

/// Bytes that the name of a person may have.
const NAME_MAX: usize = 32;

/// The name of somebody who answers for a command, as it stands in the journal.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Person {
    bytes: [u8; NAME_MAX],
    length: u8,
}

impl Person {
    /// A name of 1 to 32 bytes: ASCII letters, digits and `. _ - @ +`.
    ///
    /// ```
    /// use py_rt_kernel::input::Person;
    /// assert_eq!(Person::parse("ada@desk-1").unwrap().name(), "ada@desk-1");
    /// assert!(Person::parse("").is_none() && Person::parse("two words").is_none());
    /// ```
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let given = name.as_bytes();
        let plain = |b: &u8| b.is_ascii_alphanumeric() || b"._-@+".contains(b);
        if given.is_empty() || !given.iter().all(plain) {
            return None;
        }
        let mut bytes = [0; NAME_MAX];
        bytes.get_mut(..given.len())?.copy_from_slice(given);
        Some(Self {
            bytes,
            length: u8::try_from(given.len()).ok()?,
        })
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        let used = self.bytes.get(..usize::from(self.length));
        let text = used.and_then(|used| core::str::from_utf8(used).ok());
        text.unwrap_or_default()
    }
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
