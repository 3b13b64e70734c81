//! The gRPC server: the calls of `py_rt.v1`, answered by the numbers crate and a followed market.
//!
//! What it is: messages to numbers and back, and the care around that: who may call, how much at
//! once, how long, how it ends. What it is not: it computes nothing itself, it decides nothing
//! about orders, and no part of a session knows that it exists.
//!
//! - [`proto`]: the generated messages. [`refusal`]: why there is no answer, as a status.
//! - [`calls`]: each call as a function of its request. [`desk`]: the same by name, on bytes, for
//!   callers in the same process.
//! - [`market`]: books and touches, followed from a replay or the journal of a session.
//! - [`server`]: sockets, access, limits, metrics, shutdown. [`config`]: what it is made from.
#![forbid(unsafe_code)]

pub mod calls;
mod clock;
pub mod config;
pub mod desk;
pub mod market;
pub mod proto;
pub mod refusal;
pub mod server;

pub use config::{Caller, Credential, Role, ServeConfig, Tls};
pub use desk::Desk;
pub use refusal::{Place, Refusal};
pub use server::{serve, Backtester, Market, Progress, Ready};
