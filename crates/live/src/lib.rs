//! Drives the kernel in real time: sockets, clock, journal, store.
//!
//! What it is: one thread that receives, journals, asks the kernel, journals what it decided, and
//! sends; around it the files and threads that may lag without touching it. What it is not: it
//! decides nothing. Prices, positions and orders are the kernel's, bytes are the venues'.
//!
//! - [`session`]: one trading session from start to summary; [`config`]: what it is made from.
//! - [`dialect`]: which venue. [`driver`]: the thread. [`lanes`]: the venue's sessions, one a
//!   connection.
//! - [`net`]: the [`Transport`](net::Transport) trait and its sockets.
//! - [`journal`]: records on disk, written before anything is sent. [`recovery`]: the way back,
//!   which is also [`recovery::replay_journal`].
//! - [`audit`]: the journal verified, read as lines, and asked for the story of an order.
//! - [`account`]: one session an account on this machine.
//! - [`store`]: the tables for people, and the status file. [`state`]: the state directory with
//!   its lock, lineage and kill file.
//! - [`bootstrap`]: what is asked of the venue before the session. [`clock`]: the only clock.
//! - [`watchdog`]: the thread that acts when a callback hangs. [`direct`]: the kill switch that
//!   needs no session.
//! - [`error`]: what can stop a session. [`secret`]: text that prints stars.
#![forbid(unsafe_code)]

pub mod account;
pub mod audit;
pub mod bootstrap;
pub mod clock;
pub mod coinbase_key;
pub mod config;
pub mod dialect;
pub mod direct;
pub mod driver;
pub mod error;
pub mod journal;
pub mod kraken_key;
pub mod lanes;
pub mod net;
pub mod recovery;
pub mod secret;
pub mod session;
pub mod state;
pub mod store;
pub mod watchdog;

pub use config::{
    Channels, DatabaseConfig, Dialect, Durability, JournalConfig, LiveConfig, Mode, VenueConfig,
};
pub use direct::{kill_direct, DirectSummary};
pub use driver::Hooks;
pub use error::LiveError;
pub use recovery::{replay_journal, ReplayResult};
pub use secret::Secret;
pub use session::{trade, SessionSummary};
