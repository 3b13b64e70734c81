//! Writing a journal: records gathered in user space, handed over before anything leaves.

use std::io;

use py_rt_kernel::input::Input;
use py_rt_kernel::journal::{encode_decision, encode_input, Decision, End, Entry};
use py_rt_types::UnixNanos;

use super::frame::Chain;
use super::segment::{Preamble, PREAMBLE};
use super::Tape;

/// How many order ids are reserved at a time.
pub const ID_BLOCK: u64 = 1024;
/// Market rows wait at most this long in user space, in nanoseconds.
const WAIT_NS: i64 = 5_000_000;
/// More bytes than this do not wait.
const WAIT_BYTES: usize = 1 << 16;

/// Where a journal stands: the segment, and what was written before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The number of the segment.
    pub segment: u64,
    /// The segment in which the session began.
    pub first: u64,
    /// Bytes in the segment.
    pub length: u64,
    /// The place in the chain.
    pub chain: Chain,
}

impl Place {
    /// Where a session begins that follows on `before` in a new segment.
    #[must_use]
    pub const fn new_session(segment: u64, before: Chain) -> Self {
        Self {
            segment,
            first: segment,
            length: PREAMBLE as u64,
            chain: before,
        }
    }

    /// What stands at the head of a segment that begins here.
    #[must_use]
    pub const fn preamble(&self) -> Preamble {
        Preamble {
            segment: self.segment,
            first: self.first,
            before: self.chain,
        }
    }
}

/// The journal of a session, open for appending.
#[derive(Debug)]
pub struct Journal<T> {
    tape: T,
    place: Place,
    segment_max: u64,
    waiting: Vec<u8>,
    waiting_since: UnixNanos,
    urgent: bool,
    decided: bool,
    strict: bool,
    ids_end: u64,
    /// Bytes that the journal says are on the disk.
    marked: u64,
}

impl<T: Tape> Journal<T> {
    /// A journal that goes on at `place`, where `tape` ends. It owns no order ids yet.
    #[must_use]
    pub fn new(tape: T, place: Place, strict: bool) -> Self {
        Self {
            tape,
            place,
            segment_max: u64::MAX,
            waiting: Vec::with_capacity(2 * WAIT_BYTES),
            waiting_since: UnixNanos::MAX,
            urgent: false,
            decided: false,
            strict,
            ids_end: 0,
            marked: PREAMBLE as u64,
        }
    }

    /// As it is, with segments that are full at so many bytes.
    #[must_use]
    pub fn with_segments_of(mut self, bytes: u64) -> Self {
        self.segment_max = bytes.max(1);
        self
    }

    /// How many records there are, those that wait included.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.place.chain.sequence
    }

    /// The place in the chain after the last record, those that wait included.
    #[must_use]
    pub const fn chain(&self) -> Chain {
        self.place.chain
    }

    /// Whether the segment is full; then [`Journal::rotate`].
    #[inline]
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.place.length >= self.segment_max
    }

    /// Begins the next segment with `books`. Everything before is on the disk first, so nothing is
    /// lost wherever this stops.
    ///
    /// # Errors
    /// When the operating system or the disk refused: nothing may be written any more.
    pub fn rotate(&mut self, books: &Entry) -> io::Result<()> {
        self.sync()?;
        let next = Place {
            segment: self.place.segment + 1,
            length: PREAMBLE as u64,
            ..self.place
        };
        self.tape.rotate(&next.preamble())?;
        self.place = next;
        self.marked = PREAMBLE as u64;
        self.append(books);
        Ok(())
    }

    /// Appends an input. Market rows and bars may wait, everything else is urgent.
    #[inline]
    pub fn append_input(&mut self, now: UnixNanos, input: &Input<'_>) {
        self.urgent |= !matches!(input, Input::Market(_) | Input::Bar(_));
        if self.waiting.is_empty() {
            self.waiting_since = now;
        }
        self.place
            .chain
            .seal(&mut self.waiting, |out| encode_input(now, input, out));
    }

    /// Appends what is about to be sent. New orders must have their id reserved.
    pub fn append_decision(&mut self, now: UnixNanos, decision: &Decision) {
        self.urgent = true;
        self.decided = true;
        self.place
            .chain
            .seal(&mut self.waiting, |out| encode_decision(now, decision, out));
    }

    /// Appends any other record.
    pub fn append(&mut self, entry: &Entry) {
        self.urgent = true;
        self.place
            .chain
            .seal(&mut self.waiting, |out| entry.encode(out));
    }

    /// Reserves ids up to and including `sequence`, with a sync, unless they are reserved.
    ///
    /// # Errors
    /// When the disk refused; the id must not be used then.
    pub fn reserve_id(&mut self, sequence: u64) -> io::Result<()> {
        if sequence < self.ids_end {
            return Ok(());
        }
        let end = sequence.saturating_add(ID_BLOCK);
        self.append(&Entry::IdBlock { end });
        self.sync()?;
        self.ids_end = end;
        Ok(())
    }

    /// Reserves the next block early, while there is time, when little of this one is left.
    ///
    /// # Errors
    /// As [`Journal::reserve_id`].
    pub fn reserve_ahead(&mut self, next_sequence: u64) -> io::Result<()> {
        if self.ids_end.saturating_sub(next_sequence) < ID_BLOCK / 2 {
            return self.reserve_id(self.ids_end.max(next_sequence));
        }
        Ok(())
    }

    /// The first id that is not reserved.
    #[must_use]
    pub const fn ids_end(&self) -> u64 {
        self.ids_end
    }

    /// Hands over what is urgent, and everything before it. Call before any byte leaves.
    ///
    /// # Errors
    /// When the operating system or, in the strict grade, the disk refused: nothing may leave.
    #[inline]
    pub fn commit(&mut self) -> io::Result<()> {
        if self.urgent || self.waiting.len() >= WAIT_BYTES {
            self.hand_over()?;
        }
        if std::mem::take(&mut self.decided) && self.strict {
            self.tape.sync()?;
        }
        Ok(())
    }

    /// Hands over what has waited long enough.
    ///
    /// # Errors
    /// When the operating system refused.
    pub fn handle_timeout(&mut self, now: UnixNanos) -> io::Result<()> {
        if now >= self.poll_timeout() {
            self.hand_over()?;
        }
        Ok(())
    }

    /// When [`Journal::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> UnixNanos {
        if self.waiting.is_empty() {
            return UnixNanos::MAX;
        }
        self.waiting_since.plus(WAIT_NS)
    }

    /// Hands everything over and syncs it.
    ///
    /// # Errors
    /// When the operating system or the disk refused.
    pub fn sync(&mut self) -> io::Result<()> {
        self.hand_over()?;
        self.decided = false;
        self.tape.sync()
    }

    /// Writes the last record. It says that all before it is on the disk, so that comes first.
    ///
    /// # Errors
    /// As [`Journal::sync`].
    pub fn end(&mut self, end: End) -> io::Result<()> {
        self.sync()?;
        self.append(&Entry::End(end));
        self.append_to_tape()?;
        self.tape.sync()
    }

    fn hand_over(&mut self) -> io::Result<()> {
        self.urgent = false;
        if self.waiting.is_empty() {
            return Ok(());
        }
        let offset = self.tape.synced();
        if offset > self.marked {
            self.marked = offset;
            self.append(&Entry::Synced { offset });
            self.urgent = false;
        }
        self.append_to_tape()
    }

    fn append_to_tape(&mut self) -> io::Result<()> {
        let handed = self.tape.append(&self.waiting);
        self.place.length += self.waiting.len() as u64;
        self.waiting.clear();
        handed
    }

    /// The tape.
    #[must_use]
    pub const fn tape(&self) -> &T {
        &self.tape
    }
}
