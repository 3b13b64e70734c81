//! Which venue is traded at: its name, and how it spells ids.

use py_rt_kernel::execution::ExecutionTimes;
use py_rt_types::{ExecId, Instrument, InstrumentId, VenueOrderId};
use py_rt_venues::alpaca::ids::encode_uuid;
use py_rt_venues::alpaca::tws::{decode_exec_text, PERM_BITS};
use py_rt_venues::binance::ids::encode_number;
use py_rt_venues::coinbase::products::name_twins;
use py_rt_venues::kraken::ids::encode_venue_id;
use py_rt_venues::SymbolTable;

use crate::error::LiveError;

/// Which venue's words are spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Alpaca's trading and market data API: stocks and crypto.
    #[default]
    Alpaca,
    /// Binance's spot API.
    Binance,
    /// Coinbase's Advanced Trade API: spot.
    Coinbase,
    /// Kraken's spot API.
    Kraken,
    /// Interactive Brokers: Alpaca's words to a process of ours that speaks to TWS.
    Ib,
}

impl Dialect {
    /// The name of the venue in instruments and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alpaca => "alpaca",
            Self::Binance => "binance",
            Self::Coinbase => "coinbase",
            Self::Kraken => "kraken",
            Self::Ib => "ib",
        }
    }

    /// Whether only coins are traded there.
    #[must_use]
    pub const fn trades_coins(self) -> bool {
        !matches!(self, Self::Alpaca | Self::Ib)
    }

    /// The instruments of a session, under all the names that the venue has for them.
    ///
    /// # Errors
    /// [`LiveError::Config`] when two have the same name.
    pub fn table(
        self,
        instruments: impl IntoIterator<Item = Instrument>,
    ) -> Result<SymbolTable, LiveError> {
        let listed = instruments.into_iter().enumerate();
        let listed = listed.map(|(place, one)| (InstrumentId(place as u32), one));
        let mut table = SymbolTable::try_new(listed)
            .map_err(|error| LiveError::Config(format!("`run.symbols`: {error}")))?;
        if self == Self::Coinbase {
            name_twins(&mut table);
        }
        Ok(table)
    }

    /// The dialect of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Alpaca,
            Self::Binance,
            Self::Coinbase,
            Self::Kraken,
            Self::Ib,
        ];
        all.into_iter().find(|one| one.name() == name)
    }

    /// Times of the execution stage. An order may wait a second here, and be accepted until its
    /// window (Binance: 5 s), its token (Coinbase: 10 s) or deadline (Kraken: 2.5 s) is over; only
    /// then is "no such order" a proof. Alpaca has no such time: 3 s are a judgement. So are 10 s
    /// for TWS: it is given no order that is older than 3 s, and what it does with it is seen in
    /// order on one connection.
    #[must_use]
    pub fn times(self) -> ExecutionTimes {
        let settle_ms = match self {
            Self::Alpaca => 3_000,
            Self::Binance => 7_000,
            Self::Coinbase => 13_000,
            Self::Kraken => 4_500,
            Self::Ib => 10_000,
        };
        ExecutionTimes {
            settle_ns: settle_ms * 1_000_000,
            ..ExecutionTimes::default()
        }
    }

    /// The venue of a session with these instruments.
    #[must_use]
    pub fn of(instruments: &[Instrument]) -> Self {
        let first = instruments.first().map(|one| one.spec().venue.as_str());
        first.and_then(Self::parse).unwrap_or_default()
    }

    /// The venue's id of an order, as the venue writes it.
    #[must_use]
    pub fn order_text(self, id: VenueOrderId) -> String {
        let mut text = Vec::with_capacity(36);
        match self {
            Self::Alpaca | Self::Coinbase => encode_uuid(id.0, &mut text),
            Self::Binance => encode_number(id.0, &mut text),
            Self::Kraken => encode_venue_id(id.0, &mut text),
            Self::Ib => encode_number(id.0 & PERM_BITS, &mut text),
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The venue's id of an execution; Binance numbers them by symbol, so the symbol is part of it.
    #[must_use]
    pub fn exec_text(self, symbol: &str, id: ExecId) -> String {
        let mut text = Vec::with_capacity(36);
        match self {
            Self::Alpaca | Self::Coinbase => encode_uuid(id.0, &mut text),
            Self::Binance => {
                text.extend_from_slice(symbol.as_bytes());
                text.push(b'-');
                encode_number(id.0, &mut text);
            }
            Self::Kraken => encode_venue_id(id.0, &mut text),
            Self::Ib => decode_exec_text(id.0, &mut text),
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_tws_are_shown_as_it_writes_them() {
        let order = VenueOrderId(1_713_592_045);
        assert_eq!(Dialect::Ib.order_text(order), "1713592045");
        let execution = ExecId(0x5457_5300_8000_0002_5b46_63f8_ed4d_0101);
        let text = Dialect::Ib.exec_text("AAPL", execution);
        assert_eq!(text, "00025b46.63f8ed4d.01.01");
        assert_eq!(Dialect::parse("ib"), Some(Dialect::Ib));
    }
}
