//! Signal stage: the strategy host. Market changes in, intents out.

mod context;
mod intents;
mod strategy;
mod team;
mod timers;

pub use context::{Context, OrderRequest};
pub use intents::Intent;
pub(crate) use intents::Intents;
pub use strategy::{Idle, Interests, Quote, Strategy};
pub use team::{StrategyId, Team};
pub(crate) use timers::Timers;
