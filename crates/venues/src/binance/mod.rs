//! Binance spot and USD-M futures: market data.
//!
//! Depth diffs are joined to the REST snapshot by update id. Members are expected in the order in
//! which the venue writes them, and read in any other.
//!
//! Source: Binance, "WebSocket streams" and "How to manage a local order book correctly".

mod members;

use crate::error::Malformed;
use crate::feed::grid::Grid;
use crate::feed::rules::{Chain, Checksum, Decoder, Rules};
use crate::feed::sheet::{Context, Sheet};
use crate::json::Scanner;

use members::Members;

/// The symbol under which the snapshot of nobody knows whom is kept until somebody knows.
pub const NAMELESS: &[u8] = b"?";

/// Decodes `depthUpdate`, `trade`, `aggTrade`, `bookTicker`, partial depth and REST depth.
#[derive(Debug, Clone, Default)]
pub struct Binance;

impl Decoder for Binance {
    const RULES: Rules = Rules {
        chain: Chain::UpdateIds,
        checksum: Checksum::None,
        crossing_breaks: true,
        restarts_at: None,
    };

    fn decode<G: Grid>(
        &mut self,
        context: &Context<'_>,
        bytes: &[u8],
        sheet: &mut Sheet<G>,
    ) -> Result<(), Malformed> {
        let begin = sheet.levels.len();
        let mut members = Members::default();
        let mut scanner = Scanner::new(bytes);
        let read = members.read(&mut scanner, sheet, false);
        if !read.map_err(|error| error.in_whole(bytes.len()))? {
            return Ok(());
        }
        scanner
            .finish()
            .map_err(|error| error.in_whole(bytes.len()))?;
        members.resolve(context, begin, sheet)
    }
}
