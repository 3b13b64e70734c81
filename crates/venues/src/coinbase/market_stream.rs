//! The words of a market data stream. No message belongs to a book alone: the numbers are those of
//! the connection, so a hole breaks every book of it, and all are made whole by another connection.
//! One message subscribes to one channel for all products, as the venue takes few of them a second.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use crate::coinbase::account_stream::subscription;
use crate::coinbase::Coinbase;
use crate::error::DecodeError;
use crate::feed::session::{Control, FeedConfig, FeedSession, Repair, Words};
use crate::json::{Kind, Scanner, Slot};
use crate::symbols::{Listing, SymbolTable};

/// A market data stream as a session.
pub type MarketStream = FeedSession<CoinbaseWords>;

/// See the module.
#[derive(Debug, Default)]
pub struct CoinbaseWords {
    /// Channels that are not confirmed yet.
    due: Vec<&'static str>,
}

impl Words for CoinbaseWords {
    type Decoder = Coinbase;
    const SENDS_BOOKS: bool = true;
    const REPAIRS_MAX: u32 = 0;

    fn subscribe(&mut self, config: &FeedConfig, symbols: &SymbolTable) -> Vec<Vec<u8>> {
        let channels = [
            ("level2", config.books),
            ("market_trades", config.trades),
            ("ticker", config.quotes),
            ("heartbeats", true),
        ];
        let wanted = channels.iter().filter(|(_, wanted)| *wanted);
        self.due = wanted.map(|(channel, _)| *channel).collect();
        let text = |channel: &&'static str| {
            let listings = symbols.listings().iter();
            subscription(channel, listings.map(|one| one.instrument().symbol()), None)
        };
        self.due.iter().map(text).collect()
    }

    fn control(&mut self, bytes: &[u8]) -> Control {
        let said = Said::read(bytes);
        if let Some(error) = said.error {
            let text = format!("the market data stream refused a subscription: {error}");
            return Control::Refused(text);
        }
        if said.subscribed.is_empty() {
            return Control::Data;
        }
        self.due
            .retain(|due| !said.subscribed.iter().any(|name| name == due));
        match self.due.is_empty() {
            true => Control::Subscribed { decode: true },
            false => Control::Data,
        }
    }

    fn repair(&mut self, _listing: &Listing) -> Repair {
        Repair::Send(Vec::new())
    }
}

/// What a message says that is no market data.
#[derive(Debug, Default)]
struct Said {
    error: Option<String>,
    subscribed: Vec<String>,
}

impl Said {
    fn read(bytes: &[u8]) -> Self {
        let mut said = Self::default();
        let mut scanner = Scanner::new(bytes);
        // What cannot be read is for the decoder, which says so.
        let _read = said.scan(&mut scanner);
        said
    }

    fn scan(&mut self, scanner: &mut Scanner<'_>) -> Result<(), DecodeError> {
        let (mut channel, mut kind) = (Slot::default(), Slot::default());
        let mut message = Slot::default();
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"channel" => {
                    channel.fill(scanner)?;
                    // What is market data is told by its first member.
                    if channel.text("channel").ok().flatten().as_deref() != Some(b"subscriptions") {
                        return Ok(());
                    }
                }
                b"type" => kind.fill(scanner)?,
                b"message" => message.fill(scanner)?,
                b"events" if !channel.is_empty() && scanner.peek()? == Kind::Array => {
                    self.scan_subscriptions(scanner)?;
                }
                _ => scanner.skip()?,
            }
        }
        if channel.is_empty() && kind.text("type").ok().flatten().as_deref() == Some(b"error") {
            let words = message.text("message").ok().flatten().unwrap_or_default();
            self.error = Some(String::from_utf8_lossy(&words).into_owned());
        }
        Ok(())
    }

    fn scan_subscriptions(&mut self, scanner: &mut Scanner<'_>) -> Result<(), DecodeError> {
        scanner.begin_array()?;
        while scanner.next_element()? {
            scanner.begin_object()?;
            while let Some(name) = scanner.next_key()? {
                if name != b"subscriptions" || scanner.peek()? != Kind::Object {
                    scanner.skip()?;
                    continue;
                }
                scanner.begin_object()?;
                while let Some(name) = scanner.next_key()? {
                    let name = String::from_utf8_lossy(name);
                    self.subscribed.push(name.into_owned());
                    scanner.skip()?;
                }
            }
        }
        Ok(())
    }
}
