//! A borrowed JSON scanner: total, allocation-free, numbers stay text.
//!
//! Idea: the caller pulls. [`Scanner`] walks the bytes once and hands out keys and scalars that
//! borrow from them; whatever the caller does not want is skipped, and skipping checks the grammar.
//! Costs: one pass, no allocation, at most [`MAX_DEPTH`] open containers. Source: RFC 8259.
//!
//! Stricter than the RFC in one place: a member name with an escape is malformed where names are
//! read, because no venue writes one and a name in disguise must not pass as unknown.

mod scanner;
mod slot;
mod text;
mod whole;
mod words;

pub use scanner::{Kind, Raw, Scalar, Scanner, MAX_DEPTH};
pub use slot::Slot;
pub use text::Text;
pub(crate) use whole::{each_element, each_member, members, read_whole};
pub use words::newline;
pub(crate) use words::plain_prefix;
