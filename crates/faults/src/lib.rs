//! Fault simulation: seeds of trouble, and rules that must hold through all of it.
//!
//! What it is: the real driver, kernel, journal, recovery and venue sessions of a live session,
//! driven in virtual time by one thread against a simulated clock, disk, network, operator and
//! venue. The venue ([`venue`]) alone holds the truth and shares no code with what is judged; a
//! naive oracle ([`oracle`]) reads the journal and recomputes positions, cash and exposure. What
//! it is not: a backtest; no fill here means anything for a strategy.
//!
//! - [`venue`]: the truth. [`mouths`]: the two dialects in which it is spoken.
//! - [`plan`]: what a seed means: which faults, how often. [`dice`]: randomness from a seed.
//! - [`world`]: clock, wires and what goes wrong on them. [`wire`]: transport, caller. [`disk`].
//! - [`gambler`]: the strategy; [`patient`]: its parent orders, [`family`]: the law about them.
//! - [`run`]: one seed, and the comparison at its end.
//! - [`probes`]: what really happened. [`search`]: many seeds, and a failure made smaller.
#![forbid(unsafe_code)]

pub mod dice;
mod disk;
mod family;
pub mod gambler;
mod mouths;
mod oracle;
mod patience;
mod patient;
pub mod plan;
pub mod probes;
pub mod run;
pub mod search;
mod setup;

mod venue;
mod wire;
mod world;

pub use oracle::Breach;
pub use plan::{Dialect, Fault, Plan, FAULTS};
pub use probes::Probes;
pub use run::{run, Verdict};
pub use search::{search, Finding, Range, Report};
