//! Compiled strategies.
