//! The books of a session: chain, checksum, crossing, resynchronisation.
//!
//! A book is valid from a snapshot on, as long as nothing breaks it: a hole in the chain, a wrong
//! sum, a crossed book, a message that cannot be read. From that message on every row carries
//! [`GAP`], until the next snapshot.

use alloc::vec::Vec;

use py_rt_types::market::GAP;
use py_rt_types::{EventKind, MarketEvent, UnixNanos};

use crate::feed::book::{Applied, Book, State, Waiting};
pub use crate::feed::finding::{Finding, FindingKind};
use crate::feed::grid::Grid;
use crate::feed::rows::{close, gap_row, push_rows, push_trades, row};
use crate::feed::rules::Rules;
use crate::feed::sheet::{Level, Message, MessageKind, Suspect, NOWHERE};

/// How rows go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To a kernel: a break is a row of its own at once; what nobody may use stays inside.
    Live,
    /// To an array: one row at least for every message; rows of a broken book carry [`GAP`].
    Recorded,
}

/// Kind of a row that was taken back; whoever drains a recording leaves such rows out.
pub const TAKEN_BACK: u8 = u8::MAX;

/// The books of a session, by place.
#[derive(Debug, Clone)]
pub struct Books {
    rules: Rules,
    mode: Mode,
    books: Vec<Book>,
    sequences: Vec<Option<u64>>,
    findings: Vec<Finding>,
    stale: u64,
    verified: u64,
    judges_sequence: bool,
    text: Vec<u8>,
}

/// How many connections are told apart.
const CONNECTIONS_MAX: usize = 1 << 16;
/// Findings that are kept until somebody takes them.
const FINDINGS_MAX: usize = 1 << 16;

impl Books {
    /// No books yet.
    #[must_use]
    pub const fn new(rules: Rules, mode: Mode) -> Self {
        Self {
            rules,
            mode,
            books: Vec::new(),
            sequences: Vec::new(),
            findings: Vec::new(),
            stale: 0,
            verified: 0,
            judges_sequence: true,
            text: Vec::new(),
        }
    }

    /// Whether the book of an instrument may be believed.
    #[must_use]
    pub fn valid(&self, place: u32) -> bool {
        self.book(place)
            .is_some_and(|book| book.state == State::Valid)
    }

    /// The book of an instrument, once a message named it.
    #[must_use]
    pub fn book(&self, place: u32) -> Option<&Book> {
        self.books.get(place as usize)
    }

    /// What broke since the last call.
    pub fn take_findings(&mut self) -> Vec<Finding> {
        core::mem::take(&mut self.findings)
    }

    /// How many messages were left out because the book held them already.
    #[must_use]
    pub const fn stale(&self) -> u64 {
        self.stale
    }

    /// How many sums were equal.
    #[must_use]
    pub const fn verified(&self) -> u64 {
        self.verified
    }

    /// Stops or starts judging the sequence of connections, for recordings that leave out lines.
    pub fn judge_sequence(&mut self, judged: bool) {
        self.sequences = Vec::new();
        self.judges_sequence = judged;
    }

    /// Takes a message in and appends its rows.
    pub fn handle_message(
        &mut self,
        message: &Message,
        levels: &[Level],
        grid: &impl Grid,
        out: &mut Vec<MarketEvent>,
    ) {
        if let Some(number) = message.sequence.filter(|_| self.judges_sequence) {
            if !self.follows_sequence(number, message, out) {
                self.stale += 1;
                return;
            }
        }
        if message.ts_event.0 == 0 && message.kind != MessageKind::Snapshot {
            let ts_event = message.ts_recv;
            let stamped = Message {
                ts_event,
                ..*message
            };
            return self.handle_stamped(&stamped, levels, grid, out);
        }
        self.handle_stamped(message, levels, grid, out);
    }

    #[inline]
    fn handle_stamped(
        &mut self,
        message: &Message,
        levels: &[Level],
        grid: &impl Grid,
        out: &mut Vec<MarketEvent>,
    ) {
        match message.kind {
            MessageKind::Beat => {}
            MessageKind::Trade => push_trades(message, levels, out),
            MessageKind::Quote => push_rows(message, levels, EventKind::Quote, 0, out),
            MessageKind::Opened => self.open(message, out),
            MessageKind::Snapshot => self.handle_snapshot(message, levels, grid, out),
            MessageKind::Change => self.handle_change(message, levels, grid, out),
            MessageKind::Check => self.handle_check(message, grid, out),
        }
    }

    /// A message could not be read: the books that it may have changed are broken.
    pub fn handle_unreadable(
        &mut self,
        suspect: Suspect,
        conn: u32,
        now: UnixNanos,
        out: &mut Vec<MarketEvent>,
    ) {
        let finding = Finding {
            kind: FindingKind::Unreadable,
            place: NOWHERE,
            ts_recv: now,
            expected: 0,
            found: 0,
        };
        match suspect {
            Suspect::None => {}
            Suspect::One(place) => self.break_book(Finding { place, ..finding }, out),
            Suspect::Any => self.break_connection(conn, finding, out),
        }
    }

    /// The connection is gone: none of its books is to be believed until a snapshot.
    pub fn handle_disconnected(&mut self, conn: u32, now: UnixNanos, out: &mut Vec<MarketEvent>) {
        if let Some(number) = self.sequences.get_mut(conn as usize) {
            *number = None;
        }
        for place in 0..self.books.len() as u32 {
            self.break_quietly(place, Some(conn), now, out);
        }
    }

    fn open(&mut self, message: &Message, out: &mut Vec<MarketEvent>) {
        let stood = self
            .books
            .iter()
            .any(|book| book.conn == message.conn && book.state == State::Valid);
        if stood {
            self.find(Finding {
                kind: FindingKind::Opened,
                place: NOWHERE,
                ts_recv: message.ts_recv,
                expected: 0,
                found: 0,
            });
        }
        self.handle_disconnected(message.conn, message.ts_recv, out);
    }

    fn find(&mut self, finding: Finding) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }

    fn follows_sequence(
        &mut self,
        number: u64,
        message: &Message,
        out: &mut Vec<MarketEvent>,
    ) -> bool {
        let at = message.conn as usize;
        if at >= CONNECTIONS_MAX {
            return true;
        }
        if self.sequences.len() <= at {
            self.sequences.resize(at + 1, None);
        }
        let last = self.sequences.get(at).copied().flatten();
        let expected = last.map_or(number, |last| last.wrapping_add(1));
        let restarts = self.rules.restarts_at == Some(number) && last.is_some();
        if number < expected && !restarts {
            return false;
        }
        if let Some(slot) = self.sequences.get_mut(at) {
            *slot = Some(number);
        }
        if number != expected {
            let kind = if restarts {
                FindingKind::Opened
            } else {
                FindingKind::Lost
            };
            let finding = Finding {
                kind,
                place: NOWHERE,
                ts_recv: message.ts_recv,
                expected,
                found: number,
            };
            self.break_connection(message.conn, finding, out);
        }
        true
    }

    fn break_connection(&mut self, conn: u32, finding: Finding, out: &mut Vec<MarketEvent>) {
        self.find(finding);
        for place in 0..self.books.len() as u32 {
            self.break_quietly(place, Some(conn), finding.ts_recv, out);
        }
    }

    fn break_book(&mut self, finding: Finding, out: &mut Vec<MarketEvent>) {
        self.find(finding);
        self.break_quietly(finding.place, None, finding.ts_recv, out);
    }

    /// Breaks a book; in a live session the row that says so goes out at once.
    fn break_quietly(
        &mut self,
        place: u32,
        conn: Option<u32>,
        now: UnixNanos,
        out: &mut Vec<MarketEvent>,
    ) {
        let Some(book) = self.books.get_mut(place as usize) else {
            return;
        };
        if book.state != State::Valid || conn.is_some_and(|conn| conn != book.conn) {
            return;
        }
        book.state = State::Broken;
        book.waiting.clear();
        if self.mode == Mode::Live {
            out.push(gap_row(place, now));
        }
    }

    fn open_book(&mut self, message: &Message) -> Option<&mut Book> {
        let at = message.place as usize;
        if message.place == NOWHERE || at > 1 << 20 {
            return None;
        }
        if self.books.len() <= at {
            self.books.resize_with(at + 1, Book::default);
        }
        let book = self.books.get_mut(at)?;
        book.conn = message.conn;
        Some(book)
    }

    fn handle_snapshot(
        &mut self,
        message: &Message,
        levels: &[Level],
        grid: &impl Grid,
        out: &mut Vec<MarketEvent>,
    ) {
        let waits = self.rules.chain.waits();
        let Some(book) = self.open_book(message) else {
            return;
        };
        if waits && book.state == State::Valid && message.last_id < book.last_id {
            self.stale += 1;
            return;
        }
        let mut message = *message;
        let waiting = core::mem::take(&mut book.waiting);
        if message.ts_event.0 == 0 {
            let older = waiting.iter().rev();
            let older = older.map(|one| one.message);
            let known = older
                .into_iter()
                .find(|one| one.last_id <= message.last_id)
                .map_or(message.ts_recv, |one| one.ts_event);
            message.ts_event = known;
        }
        let by_level = book.take_snapshot(&message, levels);
        let bad = self.judge(&message, grid);
        let start = out.len();
        out.push(row(&message, EventKind::Clear, 0, 0, 0));
        push_rows(&message, &by_level, EventKind::Snapshot, 0, out);
        self.end_message(start, bad, out);
        for older in waiting {
            if older.message.last_id > message.last_id {
                self.replay(older, message.ts_recv, grid, out);
            }
        }
    }

    /// A change that waited for this snapshot: its rows move behind it.
    fn replay(
        &mut self,
        older: Waiting,
        ts_recv: UnixNanos,
        grid: &impl Grid,
        out: &mut Vec<MarketEvent>,
    ) {
        if self.mode == Mode::Recorded {
            for old in out.get_mut(older.rows).unwrap_or_default() {
                old.kind = TAKEN_BACK;
            }
        }
        let message = Message {
            ts_recv,
            ..older.message
        };
        self.handle_change(&message, &older.levels, grid, out);
    }

    fn handle_change(
        &mut self,
        message: &Message,
        levels: &[Level],
        grid: &impl Grid,
        out: &mut Vec<MarketEvent>,
    ) {
        let chain = self.rules.chain;
        let Some(book) = self.open_book(message) else {
            return;
        };
        if book.state != State::Valid {
            return self.set_aside(message, levels, out);
        }
        if book.holds(chain, message) {
            self.stale += 1;
            return;
        }
        if !book.follows(chain, message) {
            let finding = Finding {
                kind: FindingKind::Gap,
                place: message.place,
                ts_recv: message.ts_recv,
                expected: book.last_id,
                found: message.previous_id.unwrap_or(message.first_id),
            };
            self.break_book(finding, out);
            return self.set_aside(message, levels, out);
        }
        let Applied { dropped, by_level } = book.apply(message, levels);
        let start = out.len();
        match by_level {
            Some(by_level) => push_rows(message, &by_level, EventKind::Depth, 0, out),
            None => push_rows(message, levels, EventKind::Depth, 0, out),
        }
        push_rows(message, &dropped, EventKind::Depth, 0, out);
        let bad = self.judge(message, grid);
        self.end_message(start, bad, out);
    }

    fn handle_check(&mut self, message: &Message, grid: &impl Grid, out: &mut Vec<MarketEvent>) {
        if self.valid(message.place) {
            if let Some(bad) = self.judge(message, grid) {
                self.break_book(bad, out);
            }
        }
    }

    /// A change that no book can take: it waits for a snapshot, or is shown as not to be believed.
    fn set_aside(&mut self, message: &Message, levels: &[Level], out: &mut Vec<MarketEvent>) {
        let start = out.len();
        if self.mode == Mode::Recorded {
            push_rows(message, levels, EventKind::Depth, GAP, out);
            close(start, out);
        }
        let waits = self.rules.chain.waits();
        if let Some(book) = self.open_book(message).filter(|_| waits) {
            book.wait(Waiting {
                message: *message,
                levels: levels.to_vec(),
                rows: start..out.len(),
            });
        }
    }

    /// Whether the book may still be believed after a message.
    fn judge(&mut self, message: &Message, grid: &impl Grid) -> Option<Finding> {
        let book = self.books.get(message.place as usize)?;
        let finding = |kind, expected, found| Finding {
            kind,
            place: message.place,
            ts_recv: message.ts_recv,
            expected,
            found,
        };
        if let Some(expected) = message.checksum {
            let found = book.checksum(self.rules.checksum, message, grid, &mut self.text);
            match found {
                None => {}
                Some(found) if found == expected => self.verified += 1,
                Some(found) => {
                    let (expected, found) = (u64::from(expected), u64::from(found));
                    return Some(finding(FindingKind::Checksum, expected, found));
                }
            }
        }
        if self.rules.crossing_breaks && book.is_crossed() {
            return Some(finding(FindingKind::Crossed, 0, 0));
        }
        None
    }

    /// Closes the rows of a message; a bad one breaks the book with its own rows.
    fn end_message(&mut self, start: usize, bad: Option<Finding>, out: &mut Vec<MarketEvent>) {
        let Some(finding) = bad else {
            return close(start, out);
        };
        if self.mode == Mode::Live {
            out.truncate(start);
        }
        for held in out.get_mut(start..).unwrap_or_default() {
            held.flags |= GAP;
        }
        close(start, out);
        self.break_book(finding, out);
    }
}
