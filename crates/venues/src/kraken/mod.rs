//! Kraken spot market data: WebSocket v2, and v1 for recordings.
//!
//! Every book message carries a CRC-32 over the ten best levels as they were written. Levels that
//! fall out of the subscribed depth are never removed by a message, so they are dropped here.
//!
//! Source: Kraken, "Spot WebSockets v2: book, checksum guide" and "v1: book".

mod v1;
mod v2;

use alloc::collections::BTreeMap;

use crate::error::Malformed;
use crate::feed::grid::Grid;
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Sheet};
use crate::json::{Kind, Scanner};

/// Depths that the venue offers.
const DEPTHS: [u32; 5] = [10, 25, 100, 500, 1000];

/// Decodes `book`, `trade` and `ticker` of both versions.
#[derive(Debug, Clone, Default)]
pub struct Kraken {
    /// Depth of each book, as the venue confirmed it or as its snapshot shows.
    depths: BTreeMap<u32, u32>,
    /// Whether the depth was confirmed.
    confirmed: BTreeMap<u32, ()>,
}

impl Kraken {
    fn confirm(&mut self, place: u32, depth: u64) {
        if let Some(depth) = u32::try_from(depth).ok().filter(|depth| *depth > 0) {
            self.depths.insert(place, depth);
            self.confirmed.insert(place, ());
        }
    }

    /// The depth of a book: confirmed, or the smallest offered one that holds a snapshot.
    fn depth(&mut self, place: u32, snapshot: Option<usize>) -> u32 {
        if let Some(levels) = snapshot.filter(|_| !self.confirmed.contains_key(&place)) {
            let fits = DEPTHS.into_iter().find(|&depth| depth as usize >= levels);
            self.depths.insert(place, fits.unwrap_or(0));
        }
        self.depths.get(&place).copied().unwrap_or(0)
    }
}

impl Decoder for Kraken {
    const RULES: Rules = Rules {
        chain: Chain::Connection,
        checksum: Checksum::Kraken,
        crossing_breaks: true,
        restarts_at: None,
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let mut scanner = Scanner::new(bytes);
        let kind = scanner
            .peek()
            .map_err(|error| error.in_whole(bytes.len()))?;
        let result = if kind == Kind::Array {
            self.decode_v1(context, &mut scanner, sheet)
        } else {
            self.decode_v2(context, &mut scanner, sheet)
        };
        result
            .and_then(|()| scanner.finish())
            .map_err(|error| error.in_whole(bytes.len()))
    }
}
