//! Which table a file is.

/// The names that every table begins with.
const START: &[u8] = b"exchange,symbol,timestamp,local_timestamp,";

/// A table that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// `trades`: id, side of the aggressor, price, amount.
    Trades,
    /// `incremental_book_L2`: is_snapshot, side, price, amount of the level; 0 removes it.
    Changes,
    /// `quotes` and `book_ticker`: ask amount, ask price, bid price, bid amount.
    Quotes,
    /// `book_snapshot_N`: price and amount of N asks and bids, alternating.
    Snapshots {
        /// Levels a side.
        depth: usize,
    },
}

impl Table {
    /// Recognises a table by its line of names.
    #[must_use]
    pub fn recognise(line: &[u8]) -> Option<Self> {
        match line.strip_prefix(START)? {
            b"id,side,price,amount" => Some(Self::Trades),
            b"is_snapshot,side,price,amount" => Some(Self::Changes),
            b"ask_amount,ask_price,bid_price,bid_amount" => Some(Self::Quotes),
            rest if rest.starts_with(b"asks[0].price,asks[0].amount,bids[0].price") => {
                let names = rest.iter().filter(|byte| **byte == b',').count() + 1;
                (names % 4 == 0).then_some(Self::Snapshots { depth: names / 4 })
            }
            _ => None,
        }
    }

    /// Whether a line of names belongs to the vendor, read or not.
    #[must_use]
    pub fn is_vendor(line: &[u8]) -> bool {
        line.starts_with(START)
    }
}
