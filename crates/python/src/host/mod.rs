//! A Python strategy behind the kernel's trait, and what it sees.
//!
//! Bound methods are looked up once and only overridden ones are called. The context is one object
//! for ever; event objects are reused when nobody kept the last one.

mod actions;
mod any;
mod ask;
mod asks;
mod context;
mod convert;
mod events;
mod hosted;
mod lending;
mod orders;
mod parents;
mod routes;
mod shared;
mod slot;
mod views;

pub(crate) use actions::PyAction;
pub(crate) use any::AnyStrategy;
pub(crate) use context::{callback_time, PyContext};
pub(crate) use convert::{side_name, tif_name};
pub(crate) use events::{shorten, PyBarEvent, PyQuote, PyTrade};
pub(crate) use hosted::Hosted;
pub(crate) use orders::{
    avg_price, liquidity_name, parent_text, reason_text, type_name, PyFill, PyOrder, PyTimerEvent,
};
pub(crate) use parents::{arrival_price, avg_price_of, PyParent};
pub(crate) use routes::{symbol_of, PyConsolidated};
pub(crate) use shared::Shared;
pub(crate) use views::{PyBook, PyInstrument, PyPosition};
