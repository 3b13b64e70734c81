//! The kernel: one deterministic function of (state, input).
//!
//! What it is: book, bars, strategy, risk, execution and portfolio, composed in [`kernel`] and
//! driven by three verbs: [`Kernel::handle_input`], [`Kernel::poll_output`],
//! [`Kernel::poll_timeout`]. One mutation, then drain, then wait. What it is not: it has no
//! socket, clock, thread, file or random number; time is an argument, money is exact, and the same
//! inputs give the same outputs to the byte.
//!
//! - [`kernel`]: the stages in the order in which a tick passes them.
//! - [`market`]: books, last prices, bars. [`signal`]: the strategy host.
//! - [`risk`]: approvals and denials. [`execution`]: orders and their life, reconciliation.
//! - [`portfolio`]: cash and positions. [`actions`]: splits and dividends. [`currency`]: rates of
//!   exchange. [`charges`]: borrow, funding and interest. [`margin`]: what equity has to cover.
//! - [`input`], [`output`], [`event`]: what goes in, what must be done, what may be told.
//! - [`hash`]: the order hash. [`journal`]: inputs as bytes and back.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod actions;
pub mod charges;
pub mod currency;
pub mod event;
pub mod execution;
pub mod hash;
pub mod input;
pub mod journal;
pub mod kernel;
pub mod margin;
pub mod market;
pub mod output;
pub mod portfolio;
pub mod risk;
pub mod signal;

pub use actions::CorporateAction;
pub use event::Event;
pub use input::{Control, Input, Session};
pub use kernel::{Kernel, KernelConfig, Snapshot};
pub use output::{Output, Request};
pub use signal::{Context, Interests, OrderRequest, Strategy};
