//! Bytes that nobody meant, against everything that reads bytes.
//!
//! A target takes any bytes and must come back: no panic, no overflow, no endless loop. What it
//! reads must also not depend on how the bytes were cut into pieces, where it takes pieces. The
//! engine mutates the texts of `corpus/<target>` by a seed, so that a run can be repeated to the
//! byte; it needs no nightly compiler and no instrumentation, and so is not led by coverage.
//!
//! - [`mutate`]: what is done to bytes. [`targets`]: who is given them. [`run`]: the loop.
#![forbid(unsafe_code)]

pub mod mutate;
pub mod run;
pub mod targets;
