//! Recorded sessions: files of a venue's messages to rows, in blocks.
//!
//! Two steps, so that a recording may be read whatever its order: every line is decoded as it
//! comes; at the end messages are put in the order of their receipt, and the same [`Books`] as in
//! a live session say which rows are to be believed. Symbols, ticks and lots are learnt.

pub mod line;
mod settle;
pub mod venue;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use py_rt_types::UnixNanos;

use crate::error::Malformed;
use crate::feed::grid::LearntGrid;
use crate::feed::sheet::{Context, Message, MessageKind, Sheet, NOWHERE};
use crate::json::newline;

use line::{take_apart, Content};
pub use settle::{Learned, Settled};
pub use venue::{recognise, Venue, NAMES};

/// A line that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadLine {
    /// Its number in the file, from 0.
    pub line: u64,
    /// What is wrong with it.
    pub malformed: Malformed,
}

/// How long a line may be.
const LINE_MAX: usize = 1 << 28;

/// A recording on its way in.
#[derive(Debug, Clone)]
pub struct Recording {
    venue: Venue,
    sheet: Sheet<LearntGrid>,
    connections: BTreeMap<Vec<u8>, u32>,
    forms: BTreeMap<&'static str, u64>,
    tail: Vec<u8>,
    line: u64,
    seen: u64,
}

impl Recording {
    /// A recording of one venue.
    #[must_use]
    pub fn new(venue: Venue, quotes: bool) -> Self {
        let mut sheet = Sheet::new(LearntGrid::default());
        sheet.quotes = quotes;
        Self {
            venue,
            sheet,
            connections: BTreeMap::new(),
            forms: BTreeMap::new(),
            tail: Vec::new(),
            line: 0,
            seen: 0,
        }
    }

    /// Takes the next block of the file in.
    ///
    /// # Errors
    /// [`BadLine`]; nothing of that line was taken.
    pub fn handle_block(&mut self, block: &[u8]) -> Result<(), BadLine> {
        let mut rest = block;
        if !self.tail.is_empty() {
            let Some(end) = newline(rest) else {
                return self.keep(rest);
            };
            let mut whole = core::mem::take(&mut self.tail);
            whole.extend_from_slice(rest.get(..end).unwrap_or_default());
            self.handle_line(&whole)?;
            whole.clear();
            self.tail = whole;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        while let Some(end) = newline(rest) {
            self.handle_line(rest.get(..end).unwrap_or_default())?;
            rest = rest.get(end + 1..).unwrap_or_default();
        }
        self.keep(rest)
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), BadLine> {
        if self.tail.len() + rest.len() > LINE_MAX {
            return Err(self.bad(Malformed {
                offset: LINE_MAX,
                field: "end of line",
            }));
        }
        self.tail.extend_from_slice(rest);
        Ok(())
    }

    /// The file ends; the next block is of another one.
    ///
    /// Returns the number of the last line when it is torn and was left out.
    pub fn finish_file(&mut self) -> Option<u64> {
        let last = core::mem::take(&mut self.tail);
        let torn = self.handle_line(&last).err().map(|bad| bad.line);
        self.line = 0;
        torn
    }

    /// How many messages came.
    #[must_use]
    pub const fn messages(&self) -> u64 {
        self.seen
    }

    const fn bad(&self, malformed: Malformed) -> BadLine {
        BadLine {
            line: self.line,
            malformed,
        }
    }

    fn connection(&mut self, name: &[u8]) -> u32 {
        if let Some(&number) = self.connections.get(name) {
            return number;
        }
        let number = self.connections.len().min(1 << 16) as u32;
        self.connections.insert(name.to_vec(), number);
        number
    }

    #[inline]
    fn handle_line(&mut self, line: &[u8]) -> Result<(), BadLine> {
        if line.trim_ascii().is_empty() {
            self.line += 1;
            return Ok(());
        }
        let found = take_apart(line).map_err(|malformed| self.bad(malformed))?;
        let Some(found) = found else {
            if self.line > 0 {
                return Err(self.bad(Malformed {
                    offset: 0,
                    field: "message",
                }));
            }
            self.sheet.skip(b"header line");
            self.line += 1;
            return Ok(());
        };
        let context = Context {
            ts_recv: found.ts_recv,
            conn: self.connection(&found.conn),
            url: found.url.as_deref(),
        };
        *self.forms.entry(found.form).or_default() += 1;
        match found.content {
            Content::Other => self.sheet.skip(b"recorder line"),
            Content::Opened => {
                let begin = self.sheet.levels.len();
                let opened = Message::new(MessageKind::Opened, NOWHERE, &context);
                self.sheet.finish(begin, opened);
            }
            Content::Answer => self.handle_answer(&context, &found.payload)?,
            Content::Message => {
                self.seen += 1;
                let read = self.venue.read(&context, &found.payload, &mut self.sheet);
                read.map_err(|malformed| self.bad(malformed))?;
            }
        }
        self.line += 1;
        Ok(())
    }

    /// The answer to a request counts only when it is a book.
    fn handle_answer(&mut self, context: &Context<'_>, payload: &[u8]) -> Result<(), BadLine> {
        let asked = context.url.unwrap_or_default();
        let book = [&b"depth?"[..], b"order_book"];
        if !book.iter().any(|part| contains(asked, part)) {
            self.sheet.skip(b"answer to a request");
            return Ok(());
        }
        let read = self.venue.read(context, payload, &mut self.sheet);
        read.map_err(|malformed| self.bad(malformed))
    }

    /// Puts everything in order and lets the books judge it.
    #[must_use]
    pub fn settle(self) -> Settled {
        settle::settle(&self.venue, self.sheet, &self.forms)
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// The venue of the first lines of a file, if it can be told.
#[must_use]
pub fn recognise_block(block: &[u8]) -> Option<&'static str> {
    let mut lines = block.split(|&byte| byte == b'\n');
    // The last line of a block is cut anywhere; it counts only when there is no other.
    let whole = lines.clone().count().saturating_sub(1).max(1);
    lines.by_ref().take(whole.min(64)).find_map(|line| {
        if line.len() > 2 && line.trim_ascii().starts_with(b"{\"t\":\"header\"") {
            return named(line);
        }
        let found = take_apart(line).ok()??;
        match found.content {
            Content::Message if found.ts_recv != UnixNanos(0) || found.payload.len() > 2 => {
                recognise(&found.payload)
            }
            _ => None,
        }
    })
}

/// The venue that a header names.
fn named(line: &[u8]) -> Option<&'static str> {
    let lower = line.to_ascii_lowercase();
    NAMES.into_iter().find(|name| {
        let member = alloc::format!("\"exchange\":\"{name}\"");
        contains(&lower, member.as_bytes())
    })
}
