//! The simulated venue: [`truth`] holds its books, [`listing`] what is traded. It speaks through
//! one of [`crate::mouths`].

pub(crate) mod listing;
pub(crate) mod truth;
