//! How a venue chains its messages, and which sum proves a book.

use crate::error::Malformed;
use crate::feed::grid::Grid;
use crate::feed::sheet::{Context, Sheet, Suspect};

/// What ties a change to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chain {
    /// Update ids: the first id of a change is one above the last id of the book (spot), or its
    /// previous id is the last id of the book (futures). The snapshot comes by another road, so
    /// changes wait for it.
    UpdateIds,
    /// Each change names the id that it follows; the snapshot comes by the same road.
    PreviousId,
    /// Nothing but times: changes that are not newer than the snapshot are in it already. The
    /// snapshot comes by another road, so changes wait for it.
    Clock,
    /// Nothing: the connection keeps the order, or a checksum proves it.
    Connection,
}

impl Chain {
    /// Whether changes wait for a snapshot that comes by another road.
    #[must_use]
    pub const fn waits(self) -> bool {
        matches!(self, Self::UpdateIds | Self::Clock)
    }
}

/// The sum that a venue sends over the best levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// None.
    None,
    /// Kraken: ten asks, ten bids; digits without point and leading zeros.
    Kraken,
    /// OKX: 25 levels, bid and ask in turn, texts as they were sent.
    Okx,
    /// Bitfinex: 25 levels, bid and ask in turn, asks with a negative quantity, or ids of orders.
    Bitfinex,
}

/// The rules of a venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// What ties changes together.
    pub chain: Chain,
    /// What proves a book.
    pub checksum: Checksum,
    /// Whether a crossed book is a broken one. False where a message holds one level or one order
    /// only, so that a book is crossed between two of them.
    pub crossing_breaks: bool,
    /// Whether a sequence that starts again at its first number is a new connection.
    pub restarts_at: Option<u64>,
}

/// A venue's market data messages.
pub trait Decoder: Default {
    /// The venue's rules.
    const RULES: Rules;

    /// Reads one message and appends what it says.
    ///
    /// # Errors
    /// [`Malformed`]; what was appended so far is to be rolled back, see [`read_whole`].
    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed>;
}

/// Reads one message whole or not at all; `sheet.suspect` says whose book it concerns.
///
/// # Errors
/// [`Malformed`]; nothing was appended.
pub fn read_whole<D: Decoder, G: Grid>(
    decoder: &mut D,
    context: &Context<'_>,
    bytes: &[u8],
    sheet: &mut Sheet<G>,
) -> Result<(), Malformed> {
    let (levels, messages) = (sheet.levels.len(), sheet.messages.len());
    sheet.suspect = Suspect::Any;
    let result = decoder.decode(context, bytes, sheet);
    if result.is_err() {
        sheet.roll_back(levels, messages);
    }
    result
}
