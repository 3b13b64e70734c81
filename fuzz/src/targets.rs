//! Who is given bytes. `cut` is where they are cut in two, for those who take pieces.

use std::sync::Arc;

use py_rt_kernel::journal::Entry;
use py_rt_kernel::Snapshot;
use py_rt_types::{AssetClass, Decimal, Instrument, InstrumentId, InstrumentSpec, UnixNanos};
use py_rt_venues::alpaca::{rest, updates, Dialect, Lineage};
use py_rt_venues::binance::errors::ErrorBody;
use py_rt_venues::binance::orders::RawOrder;
use py_rt_venues::binance::{lists, UserStream};
use py_rt_venues::bitstamp_l3::BitstampFile;
use py_rt_venues::dbn::DbnFile;
use py_rt_venues::framing::{blocks, Capture};
use py_rt_venues::http::ResponseReader;
use py_rt_venues::iex::IexFile;
use py_rt_venues::itch::{ItchFile, ItchFraming, ItchRows};
use py_rt_venues::json::Scanner;
use py_rt_venues::lobster::{LobsterMessages, LobsterSession};
use py_rt_venues::ouch::{FromMember, FromVenue};
use py_rt_venues::recording::{recognise_block, Recording, Venue, NAMES};
use py_rt_venues::tardis_csv::TardisFile;
use py_rt_venues::{Credentials, LinkConfig, Session, SymbolTable};

/// Something that reads bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Reads them; what it returns is of no interest, that it returns is.
    pub read: fn(bytes: &[u8], cut: usize),
}

/// All of them.
pub const TARGETS: [Target; 19] = [
    Target {
        name: "json",
        read: json,
    },
    Target {
        name: "http_response",
        read: http_response,
    },
    Target {
        name: "alpaca_rest",
        read: alpaca_rest,
    },
    Target {
        name: "alpaca_updates",
        read: alpaca_updates,
    },
    Target {
        name: "binance_rest",
        read: binance_rest,
    },
    Target {
        name: "binance_updates",
        read: binance_updates,
    },
    Target {
        name: "itch",
        read: itch,
    },
    Target {
        name: "dbn",
        read: dbn,
    },
    Target {
        name: "iex",
        read: iex,
    },
    Target {
        name: "capture",
        read: capture,
    },
    Target {
        name: "soup",
        read: soup,
    },
    Target {
        name: "ouch",
        read: ouch,
    },
    Target {
        name: "lobster",
        read: lobster,
    },
    Target {
        name: "bitstamp_l3",
        read: bitstamp_l3,
    },
    Target {
        name: "tardis_csv",
        read: tardis_csv,
    },
    Target {
        name: "recording",
        read: recording,
    },
    Target {
        name: "journal_entry",
        read: journal_entry,
    },
    Target {
        name: "snapshot",
        read: snapshot,
    },
    Target {
        name: "words",
        read: words,
    },
];

fn json(bytes: &[u8], _cut: usize) {
    let mut scanner = Scanner::new(bytes);
    if scanner.skip().is_ok() {
        // What was skipped once is read the same way again.
        let mut again = Scanner::new(bytes);
        assert!(again.raw().is_ok(), "skipped and not read");
    }
}

fn http_response(bytes: &[u8], cut: usize) {
    let count = |pieces: [&[u8]; 2]| {
        let mut reader = ResponseReader::new(1 << 16);
        let (mut whole, mut broken) = (0, false);
        for piece in pieces {
            reader.handle_input(piece);
            while !broken {
                match reader.poll_response() {
                    Ok(Some(response)) => whole += 1 + response.body.len(),
                    Ok(None) => break,
                    Err(_) => broken = true,
                }
            }
        }
        (whole, broken)
    };
    let cut = cut.min(bytes.len());
    assert_eq!(count([bytes, b""]), count([&bytes[..cut], &bytes[cut..]]));
}

fn coin() -> Option<Instrument> {
    let decimal = |text| Decimal::parse(text).ok();
    Instrument::try_new(InstrumentSpec {
        symbol: "BTC/USD".to_string(),
        venue: "alpaca".to_string(),
        tick_size: decimal("0.01")?,
        order_tick: None,
        lot_size: decimal("0.0001")?,
        min_qty: Decimal::ZERO,
        min_notional: Decimal::ZERO,
        multiplier: decimal("1")?,
        currency: "USD".to_string(),
        asset_class: AssetClass::Crypto,
        shortable: false,
        sessions: false,
    })
    .ok()
}

fn dialect() -> Option<Dialect> {
    let table = SymbolTable::try_new([(InstrumentId(0), coin()?)]).ok()?;
    Some(Dialect {
        lineage: Lineage::parse("abcdefgh")?,
        symbols: Arc::new(table),
    })
}

fn alpaca_rest(bytes: &[u8], _cut: usize) {
    let Some(dialect) = dialect() else { return };
    let _answers = (
        rest::decode_order(&dialect, bytes).is_ok(),
        rest::decode_orders(&dialect, bytes, &mut Vec::new()).is_ok(),
        rest::decode_fills(&dialect, bytes, UnixNanos(0), &mut Vec::new()).is_ok(),
        rest::decode_positions(&dialect, bytes, &mut Vec::new()).is_ok(),
        rest::decode_account(bytes).is_ok(),
        rest::decode_clock(bytes).is_ok(),
        rest::decode_asset(bytes).is_ok(),
    );
}

fn alpaca_updates(bytes: &[u8], _cut: usize) {
    let Some(dialect) = dialect() else { return };
    if let Ok(update) = updates::RawUpdate::scan(&mut Scanner::new(bytes)) {
        if let Ok(reports) = update.resolve(&dialect) {
            assert!(reports.iter().count() < 8, "one message, many reports");
        }
    }
}

fn binance_rest(bytes: &[u8], _cut: usize) {
    let Some(dialect) = dialect() else { return };
    let Some(listing) = dialect.symbols.listing(InstrumentId(0)) else {
        return;
    };
    if let Ok(raw) = RawOrder::decode(bytes) {
        if let Ok(Some(order)) = raw.resolve(&dialect) {
            let _executions = raw.fills(&dialect, &order).is_ok();
        }
    }
    let _answers = (
        lists::decode_orders(&dialect, bytes, &mut Vec::new()).is_ok(),
        lists::decode_trades(listing, bytes).is_ok(),
        lists::decode_account(bytes).is_ok(),
        lists::decode_exchange_info(bytes).is_ok(),
        lists::decode_time(bytes).is_ok(),
        ErrorBody::decode(bytes).is_ok(),
    );
}

/// A whole session: what it is told may be anything.
fn binance_updates(bytes: &[u8], _cut: usize) {
    let Some(dialect) = dialect() else { return };
    let credentials = Credentials {
        key_id: "key".to_string(),
        secret_key: "secret".to_string(),
    };
    let now = UnixNanos(1_795_186_800_000_000_000);
    let mut stream = UserStream::new(LinkConfig::websocket(1), &credentials, dialect);
    stream.handle_timeout(now);
    stream.handle_connected(now);
    stream.handle_input(now, bytes);
    let events = std::iter::from_fn(|| stream.poll_event());
    assert!(events.count() < 8, "one message, many events");
}

/// Feeds a file in two pieces; what was not used of the first comes again.
fn in_two<E>(bytes: &[u8], cut: usize, mut take: impl FnMut(&[u8], bool) -> Result<usize, E>) {
    let cut = cut.min(bytes.len());
    let Ok(used) = take(&bytes[..cut], false) else {
        return;
    };
    assert!(used <= cut, "more was used than given");
    if let Ok(more) = take(&bytes[used..], true) {
        assert!(used + more <= bytes.len(), "more was used than given");
    }
}

fn itch(bytes: &[u8], cut: usize) {
    let framings = [ItchFraming::recognise(bytes), ItchFraming::recognise(b"")];
    for framing in framings.into_iter().flatten() {
        let mut file = ItchFile::new(framing, ItchRows::new(UnixNanos(0), None));
        let mut rows = Vec::new();
        in_two(bytes, cut, |piece, _| file.handle_input(piece, &mut rows));
    }
}

fn dbn(bytes: &[u8], cut: usize) {
    let (mut file, mut rows) = (DbnFile::new(), Vec::new());
    in_two(bytes, cut, |piece, last| {
        file.handle_input(piece, last, &mut rows)
    });
}

fn iex(bytes: &[u8], cut: usize) {
    let (mut file, mut rows) = (IexFile::new(None), Vec::new());
    in_two(bytes, cut, |piece, _| file.handle_input(piece, &mut rows));
}

fn capture(bytes: &[u8], _cut: usize) {
    let mut capture = Capture::new();
    let mut rest = bytes;
    while let Ok((_, used)) = capture.cut(rest) {
        if used == 0 || used > rest.len() {
            break;
        }
        rest = &rest[used..];
    }
}

fn soup(bytes: &[u8], _cut: usize) {
    let cutters = [
        |bytes: &[u8]| blocks::cut_prefixed(bytes).map(|(_, used)| used).ok(),
        |bytes: &[u8]| blocks::cut_soup(bytes).map(|(_, used)| used).ok(),
    ];
    for cut in cutters {
        let mut rest = bytes;
        while let Some(used) = cut(rest) {
            assert!(used > 0 && used <= rest.len(), "{used} of {}", rest.len());
            rest = &rest[used..];
        }
    }
}

fn ouch(bytes: &[u8], _cut: usize) {
    let _read = (
        FromMember::decode(bytes).is_ok(),
        FromVenue::decode(bytes).is_ok(),
    );
}

fn lobster(bytes: &[u8], cut: usize) {
    let mut messages = LobsterMessages::default();
    in_two(bytes, cut, |piece, last| messages.handle_input(piece, last));
    let mut session = LobsterSession::new(UnixNanos(0), messages.into_messages());
    let mut rows = Vec::new();
    in_two(bytes, cut, |piece, last| {
        session.handle_book(piece, last, &mut rows)
    });
}

fn bitstamp_l3(bytes: &[u8], cut: usize) {
    let (mut file, mut rows) = (BitstampFile::new(), Vec::new());
    in_two(bytes, cut, |piece, last| {
        file.handle_input(piece, last, &mut rows)
    });
}

fn tardis_csv(bytes: &[u8], cut: usize) {
    let mut file = TardisFile::new();
    in_two(bytes, cut, |piece, last| file.handle_input(piece, last));
    let _rows = file.finish().is_ok();
}

fn recording(bytes: &[u8], cut: usize) {
    let _name = recognise_block(bytes);
    for name in NAMES {
        let Some(venue) = Venue::new(name) else {
            continue;
        };
        let mut whole = Recording::new(venue, true);
        let cut = cut.min(bytes.len());
        if whole.handle_block(&bytes[..cut]).is_ok() && whole.handle_block(&bytes[cut..]).is_ok() {
            let _lines = whole.finish_file();
        }
        let _settled = whole.settle();
    }
}

fn journal_entry(bytes: &[u8], _cut: usize) {
    let written = |entry: &Entry| {
        let mut out = Vec::new();
        entry.encode(&mut out);
        out
    };
    if let Ok(entry) = Entry::decode(bytes) {
        let once = written(&entry);
        let twice = Entry::decode(&once).map(|entry| written(&entry)).ok();
        assert_eq!(twice, Some(once), "an entry that is not read back");
    }
}

fn snapshot(bytes: &[u8], _cut: usize) {
    if let Ok(books) = Snapshot::decode(bytes) {
        assert_eq!(Snapshot::decode(&books.encode()).ok(), Some(books));
    }
}

/// Numbers and ids as people and venues write them.
fn words(bytes: &[u8], _cut: usize) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(decimal) = Decimal::parse(text) {
        assert_eq!(
            Decimal::parse(&decimal.to_string()).ok(),
            Some(decimal),
            "{text}"
        );
    }
    if let Some(lineage) = Lineage::parse("abcdefgh") {
        let id = lineage.decode_id(bytes);
        let mut written = Vec::new();
        lineage.encode_id(id, &mut written);
        let foreign = id == py_rt_types::ClientOrderId::FOREIGN;
        assert!(foreign || written == bytes, "an id with two spellings");
    }
}
