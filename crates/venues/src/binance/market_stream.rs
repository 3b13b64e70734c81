//! The words of a market data stream: changes of a book come by the stream, the whole book by a
//! request. Until it is there changes wait, see [`crate::feed`].

use alloc::string::String;
use alloc::vec::Vec;

use crate::binance::encode::push_symbol;
use crate::binance::Binance;
use crate::dialect::Credentials;
use crate::feed::session::{Control, FeedConfig, FeedSession, Repair, Words};
use crate::json::{Kind, Scanner, Slot};
use crate::symbols::{Listing, SymbolTable};

/// A market data stream as a session.
pub type MarketStream = FeedSession<BinanceWords>;

/// See the module.
#[derive(Debug, Default)]
pub struct BinanceWords;

impl Words for BinanceWords {
    type Decoder = Binance;
    const SENDS_BOOKS: bool = false;
    const REPAIRS_MAX: u32 = u32::MAX;

    fn subscribe(&mut self, config: &FeedConfig, symbols: &SymbolTable) -> Vec<Vec<u8>> {
        let channels = [
            ("@trade", config.trades),
            ("@bookTicker", config.quotes),
            ("@depth@100ms", config.books),
        ];
        let mut text = b"{\"method\":\"SUBSCRIBE\",\"params\":[".to_vec();
        let mut first = true;
        for listing in symbols.listings() {
            let mut symbol = Vec::new();
            push_symbol(listing, &mut symbol);
            symbol.make_ascii_lowercase();
            let name = String::from_utf8_lossy(&symbol).into_owned();
            for (channel, _) in channels.iter().filter(|(_, wanted)| *wanted) {
                if !core::mem::take(&mut first) {
                    text.push(b',');
                }
                Credentials::push_json(&alloc::format!("{name}{channel}"), &mut text);
            }
        }
        text.extend_from_slice(b"],\"id\":1}");
        Vec::from([text])
    }

    fn control(&mut self, bytes: &[u8]) -> Control {
        let mut scanner = Scanner::new(bytes);
        let mut found = Control::Data;
        if scanner.begin_object().is_err() {
            return found;
        }
        while let Ok(Some(name)) = scanner.next_key() {
            match name {
                b"result" if matches!(scanner.peek(), Ok(Kind::Null)) => {
                    found = Control::Subscribed { decode: false };
                }
                b"error" | b"code" => {
                    let text = "the market data stream refused the subscription";
                    found = Control::Refused(text.into());
                }
                b"e" => {
                    let mut event = Slot::default();
                    let read = event.fill(&mut scanner);
                    let name = read.ok().and_then(|()| event.text("e").ok().flatten());
                    return match name.as_deref() {
                        Some(b"serverShutdown") => Control::Ending,
                        _ => Control::Data,
                    };
                }
                b"stream" | b"data" => return found,
                _ => {}
            }
            if scanner.skip().is_err() {
                break;
            }
        }
        found
    }

    fn repair(&mut self, _listing: &Listing) -> Repair {
        Repair::Ask
    }

    fn book_url(&self, listing: &Listing) -> Option<Vec<u8>> {
        let mut url = b"/api/v3/depth?symbol=".to_vec();
        push_symbol(listing, &mut url);
        Some(url)
    }
}
