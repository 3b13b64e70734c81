//! Message file and book file together: market rows whose book equals the book file row by row.
//!
//! The message file alone makes no book: orders that rested before the first message and orders
//! behind the file's depth are never added. The book file shows their quantity when their level is
//! seen. So before each message the book is brought to what the row says, the message undone:
//! - quantity that is missing is added: as the orders that the day still speaks about, as far as
//!   they fit, and else as a `Depth` row, which says what all of the level is: the rest is of
//!   unknown orders;
//! - quantity that is too much went unseen while its level lay behind the depth: it is taken from
//!   unknown quantity first, then from orders of which nothing more is heard.
//!
//! All rows of a message carry its time; the last one carries the end flag, so that there is one
//! book a message. Levels behind the depth stay as they were last seen.
//!
//! Mostly the message explains its row. Then the row is known beforehand, as text
//! ([`Line`](super::line::Line)), and a row that begins with that text is not read at all.

use alloc::vec::Vec;

use py_rt_types::{EventKind, MarketEvent, UnixNanos};

use crate::columns::{BadLine, Place};
use crate::error::Malformed;
use crate::resting::Resting;

use super::book::{Book, Writer};
use super::message::LobsterMessage;

/// A day on its way in.
#[derive(Debug, Clone)]
pub struct LobsterSession {
    midnight: i64,
    messages: Vec<LobsterMessage>,
    next: usize,
    place: Place,
    book: Book,
    mended: u64,
}

impl LobsterSession {
    /// A day that began at `midnight` in New York, with all its messages.
    #[must_use]
    pub fn new(midnight: UnixNanos, messages: Vec<LobsterMessage>) -> Self {
        let book = Book::new(&messages);
        Self {
            midnight: midnight.0,
            messages,
            next: 0,
            place: Place::default(),
            book,
            mended: 0,
        }
    }

    /// Levels a side of the book file; 0 before its first line.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.book.row.depth()
    }

    /// Messages of the day.
    #[must_use]
    pub fn messages(&self) -> usize {
        self.messages.len()
    }

    /// Lines of the book file that were read.
    #[must_use]
    pub const fn lines(&self) -> usize {
        self.next
    }

    /// Messages before which the book had to be brought to what the book file says.
    #[must_use]
    pub const fn mended(&self) -> u64 {
        self.mended
    }

    /// Takes bytes of the book file in and appends the rows of each message; returns how many
    /// bytes were used. What is left has to come again; `last` says that nothing follows.
    ///
    /// # Errors
    /// [`BadLine`] for a line that is no row of the book, or more lines than messages.
    pub fn handle_book(
        &mut self,
        bytes: &[u8],
        last: bool,
        out: &mut Vec<MarketEvent>,
    ) -> Result<usize, BadLine> {
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            let known = self.handle_known(rest, out);
            let rest = rest.get(known..).unwrap_or_default();
            let mut place = self.place;
            let read = place.read_line(rest, last, |line| self.handle_line(line, out));
            self.place = place;
            let read = read?;
            at += known + read;
            if read == 0 {
                return Ok(at);
            }
        }
    }

    /// Takes lines as long as each is the one that its message leads to; returns their bytes.
    fn handle_known(&mut self, bytes: &[u8], out: &mut Vec<MarketEvent>) -> usize {
        let (mut at, first) = (0, self.next);
        while let Some(message) = self.messages.get(self.next) {
            let rest = bytes.get(at..).unwrap_or_default();
            let ts = UnixNanos(self.midnight.saturating_add(message.ns));
            let mut writer = Writer { ts, out };
            let Some(len) = self.book.step(self.next, message, rest, &mut writer) else {
                break;
            };
            writer.end();
            self.next += 1;
            at += len;
        }
        self.place.lines += (self.next - first) as u64;
        self.place.bytes += at as u64;
        at
    }

    fn handle_line(&mut self, line: &[u8], out: &mut Vec<MarketEvent>) -> Result<(), Malformed> {
        let Some(message) = self.messages.get(self.next).copied() else {
            return Err(Malformed {
                offset: 0,
                field: "message of this row",
            });
        };
        self.book.row.read(line)?;
        let from = out.len();
        let ts = UnixNanos(self.midnight.saturating_add(message.ns));
        let mut writer = Writer { ts, out };
        if self.next == 0 {
            writer.push(EventKind::Clear, &Resting::default());
        }
        let place = self.book.orders.of_message(self.next);
        let fits = self.book.agrees(&message) && self.book.holds(place, &message);
        if !fits {
            self.mended += 1;
            self.book
                .mend((place, &message), self.next, message.change(), &mut writer);
            self.book.settle(place, &message, &mut writer);
        }
        self.book.apply(place, &message, &mut writer);
        if !fits && !self.book.shows() {
            self.book.mend((place, &message), self.next, 0, &mut writer);
        }
        self.book.orders.pass(place, &message);
        self.book.expect();
        self.next += 1;
        if writer.out.len() == from {
            return Err(Malformed {
                offset: 0,
                field: "row",
            });
        }
        writer.end();
        Ok(())
    }
}
