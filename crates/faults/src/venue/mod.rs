//! The simulated venue: [`truth`] holds its books, [`rest`] answers requests, [`json`] spells.

pub(crate) mod json;
pub(crate) mod listing;
pub(crate) mod rest;
pub(crate) mod truth;
