//! The words of a market data stream: whole books come by the subscription itself, so a book that
//! breaks, by its checksum or by crossing, is subscribed to anew. After three times in a row the
//! connection is.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::dialect::Credentials;
use crate::feed::session::{Control, FeedConfig, FeedSession, Repair, Words};
use crate::json::{Kind, Raw, Scanner, Slot};
use crate::kraken::Kraken;
use crate::symbols::{Listing, SymbolTable};

/// Levels on each side of a book.
const DEPTH: u32 = 100;

/// A market data stream as a session.
pub type MarketStream = FeedSession<KrakenWords>;

/// See the module.
#[derive(Debug, Default)]
pub struct KrakenWords {
    /// Answers that are due until everything is subscribed to.
    due: usize,
}

/// A subscription, or its end, to a channel of one symbol.
fn request(method: &str, channel: &str, symbol: &str) -> Vec<u8> {
    let mut text = format!("{{\"method\":\"{method}\",\"params\":{{\"channel\":\"{channel}\"");
    text.push_str(",\"symbol\":[");
    let mut bytes = text.into_bytes();
    Credentials::push_json(symbol, &mut bytes);
    let rest = match (channel, method) {
        ("book", "subscribe") => format!("],\"depth\":{DEPTH},\"snapshot\":true}}}}"),
        ("book", _) => format!("],\"depth\":{DEPTH}}}}}"),
        ("ticker", "subscribe") => String::from("],\"event_trigger\":\"bbo\"}}"),
        (_, "subscribe") => String::from("],\"snapshot\":false}}"),
        _ => String::from("]}}"),
    };
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

impl Words for KrakenWords {
    type Decoder = Kraken;
    const SENDS_BOOKS: bool = true;
    const REPAIRS_MAX: u32 = 3;

    fn subscribe(&mut self, config: &FeedConfig, symbols: &SymbolTable) -> Vec<Vec<u8>> {
        let channels = [
            ("book", config.books),
            ("trade", config.trades),
            ("ticker", config.quotes),
        ];
        let mut texts = Vec::new();
        for (channel, _) in channels.iter().filter(|(_, wanted)| *wanted) {
            for listing in symbols.listings() {
                let symbol = listing.wire_symbol();
                texts.push(request("subscribe", channel, &symbol));
            }
        }
        self.due = texts.len();
        texts
    }

    fn control(&mut self, bytes: &[u8]) -> Control {
        let mut scanner = Scanner::new(bytes);
        let (mut channel, mut method) = (Slot::default(), Slot::default());
        let (mut success, mut error) = (Slot::default(), Slot::default());
        let mut data = None;
        if scanner.begin_object().is_err() {
            return Control::Data;
        }
        while let Ok(Some(name)) = scanner.next_key() {
            let read = match name {
                b"channel" => channel.fill(&mut scanner),
                b"method" => method.fill(&mut scanner),
                b"success" => success.fill(&mut scanner),
                b"error" => error.fill(&mut scanner),
                b"data" if is_word(&channel, b"status") => scanner.raw().map(|raw| {
                    data = Some(raw);
                }),
                _ => scanner.skip(),
            };
            // What is market data is told by its first member.
            let market = !channel.is_empty() && !is_word(&channel, b"status");
            if read.is_err() || market {
                return Control::Data;
            }
        }
        if is_word(&channel, b"status") {
            return data.map_or(Control::Aside, status);
        }
        if !is_word(&method, b"subscribe") {
            return Control::Aside;
        }
        if success.flag("success") != Ok(Some(true)) {
            let words = error.text("error").ok().flatten().unwrap_or_default();
            let words = String::from_utf8_lossy(&words);
            let text = format!("the market data stream refused a subscription: {words}");
            return Control::Refused(text);
        }
        self.due = self.due.saturating_sub(1);
        match self.due {
            0 => Control::Subscribed { decode: true },
            _ => Control::Data,
        }
    }

    fn repair(&mut self, listing: &Listing) -> Repair {
        let symbol = listing.wire_symbol();
        let texts = ["unsubscribe", "subscribe"].map(|method| request(method, "book", &symbol));
        Repair::Send(Vec::from(texts))
    }
}

fn is_word(slot: &Slot<'_>, word: &[u8]) -> bool {
    slot.text("word").ok().flatten().as_deref() == Some(word)
}

/// The state of the venue, where it is not the usual one.
fn status(data: Raw<'_>) -> Control {
    let mut scanner = Scanner::within(data);
    let mut system = Slot::default();
    let mut read = || {
        scanner.begin_array()?;
        while scanner.next_element()? {
            if scanner.peek()? != Kind::Object {
                scanner.skip()?;
                continue;
            }
            scanner.begin_object()?;
            while let Some(name) = scanner.next_key()? {
                match name {
                    b"system" => system.fill(&mut scanner)?,
                    _ => scanner.skip()?,
                }
            }
        }
        Ok::<(), crate::error::DecodeError>(())
    };
    if read().is_err() {
        return Control::Aside;
    }
    match system.text("system").ok().flatten() {
        Some(word) if *word != *b"online" => {
            let word = String::from_utf8_lossy(&word);
            Control::Notice(format!("the venue says that it is in {word}"))
        }
        _ => Control::Aside,
    }
}
