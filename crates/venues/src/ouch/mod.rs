//! NASDAQ OUCH 5.0: order entry, message by message, in both directions.
//!
//! [`message`] decodes what a member sends and what the venue answers; the frame is SoupBinTCP
//! ([`crate::framing::blocks`]). Optional fields stand behind the fixed ones as tag and value and
//! are handed over as bytes.
//!
//! Source: Nasdaq OUCH 5.0 specification, sections 2 to 4 and appendix B.

pub mod message;

#[cfg(test)]
mod tests;

pub use message::{optional_fields, FromMember, FromVenue};
