//! What stands between the session and the world: a wire, a caller, and whoever watches both.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io;
use std::path::Path;
use std::rc::Rc;

use py_rt_kernel::event::{Event, OrderEvent};
use py_rt_kernel::journal::{Entry, OwnedInput};
use py_rt_live::driver::Hooks;
use py_rt_live::journal::frame::{payload_length, FRAME};
use py_rt_live::journal::segment::{segment_path, sessions};
use py_rt_live::journal::JournalReader;
use py_rt_live::net::{Arrival, LaneId, Transport};
use py_rt_types::{OrderStatus, UnixNanos};
use py_rt_venues::Transmit;

use crate::disk::Fuse;
use crate::family::Family;
use crate::mouths::Call;
use crate::oracle::{Breach, Oracle, Rules};
use crate::patience::Patience;
use crate::venue::listing::LISTINGS;
use crate::world::{Delivery, World, ORDERS};

/// Lines that are kept of what happened last.
const TRAIL: usize = 200;

/// Whoever watches: the oracle, what left, what the kernel said.
#[derive(Debug)]
pub(crate) struct Referee {
    pub(crate) oracle: Oracle,
    rules: Rules,
    instruments: usize,
    /// Client ids that left, over all lives.
    left: BTreeSet<String>,
    /// States that ended an order in this life.
    ended: BTreeMap<u64, OrderStatus>,
    /// Executions that the kernel told in this life, or booked in those before.
    told: BTreeSet<(u64, i64)>,
    patience: Patience,
    family: Family,
    pub(crate) breaches: Vec<Breach>,
    pub(crate) posts: u64,
    /// What happened last, oldest first, until the first breach.
    pub(crate) trail: VecDeque<String>,
    /// Whether a file holds these bytes: nothing of ours may leave a journal unsaid.
    bytes: Vec<u8>,
}

impl Referee {
    pub(crate) fn new(rules: Rules, instruments: usize) -> Self {
        Self {
            oracle: Oracle::new(rules, instruments),
            rules,
            instruments,
            left: BTreeSet::new(),
            ended: BTreeMap::new(),
            told: BTreeSet::new(),
            patience: Patience::new(),
            family: Family::default(),
            breaches: Vec::new(),
            posts: 0,
            trail: VecDeque::new(),
            bytes: Vec::new(),
        }
    }

    /// The parent of an order of ours, and what was asked for of a parent.
    pub(crate) fn parent_of(&self, sequence: u64) -> Option<u64> {
        self.family.parent_of(sequence)
    }

    pub(crate) fn asked(&self, parent: u64) -> Option<i64> {
        self.family.asked(parent)
    }

    pub(crate) fn breach(&mut self, invariant: &'static str, what: String) {
        self.breaches.push(Breach { invariant, what });
    }

    /// Keeps a line for whoever looks into a failure.
    fn note(&mut self, text: impl FnOnce() -> String) {
        if !self.breaches.is_empty() {
            return;
        }
        if self.trail.len() == TRAIL {
            self.trail.pop_front();
        }
        self.trail.push_back(text());
    }

    /// A new life begins: what is in the journal is all there is. Everything that left stands in
    /// it, unless what was not synced `may_be_lost`.
    pub(crate) fn read_again(&mut self, folder: &Path, may_be_lost: bool) {
        self.collect();
        self.oracle = Oracle::new(self.rules, self.instruments);
        self.bytes.clear();
        self.ended.clear();
        self.patience = Patience::new();
        let mut until = UnixNanos::MIN;
        for session in sessions(folder).unwrap_or_default() {
            let Ok(mut reader) = JournalReader::open(&segment_path(folder, session)) else {
                continue;
            };
            while let Ok(Some(record)) = reader.next_record() {
                if let Entry::Input(now, _) | Entry::Decision(now, _) = &record.entry {
                    until = *now;
                }
                self.oracle.handle_entry(&record.entry);
            }
        }
        self.family.forget_after(until);
        // Judged when it was written; a life reads only what it finds.
        self.oracle.take_breaches();
        self.told.clear();
        let lost = self.left.iter().find(|client| {
            sequence_of(client).is_some_and(|sequence| !self.oracle.knows(sequence))
        });
        if let Some(client) = lost.filter(|_| !may_be_lost) {
            let what = format!("{client} left and is not in the journal any more");
            self.breach("I29", what);
        }
    }

    fn collect(&mut self) {
        self.breaches.extend(self.oracle.take_breaches());
    }

    pub(crate) fn handle_written(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(frame) = self.bytes.get(at..at + FRAME) {
            let frame: &[u8; FRAME] = match frame.try_into() {
                Ok(frame) => frame,
                Err(_) => break,
            };
            let Some(length) = payload_length(frame) else {
                break;
            };
            let Some(payload) = self.bytes.get(at + FRAME..at + FRAME + length) else {
                break;
            };
            match Entry::decode(payload) {
                Ok(entry) => {
                    if !matches!(
                        entry,
                        Entry::Input(_, OwnedInput::Market(_) | OwnedInput::Timer)
                            | Entry::Snapshot(_)
                            | Entry::Synced { .. }
                    ) {
                        self.note(|| format!("{entry:?}"));
                    }
                    self.oracle.handle_entry(&entry);
                }
                Err(error) => self.breach("I29", format!("a record cannot be read: {error:?}")),
            }
            at += FRAME + length;
        }
        self.bytes.drain(..at);
        self.collect();
    }

    /// An order call leaves: what must be true of it.
    fn handle_sent(&mut self, world: &World, call: &Call) {
        let Some(client) = call.client().filter(|_| call.is_order_call()) else {
            return;
        };
        self.posts += 1;
        let again = world.not_looked_at.contains(client);
        if !self.left.insert(client.to_string()) && !again {
            self.breach("I1", format!("{client} left twice"));
        }
        let Some(sequence) = sequence_of(client) else {
            return self.breach("I1", format!("{client} is no id of ours"));
        };
        if !self.oracle.knows(sequence) {
            self.breach("I8", format!("{client} left before its record was written"));
        }
        if self.oracle.is_stale(sequence, revision_of(client)) {
            self.breach("I18", format!("{client} left after trading was restricted"));
        }
        if sequence >= self.oracle.reserved() {
            self.breach("I1", format!("{client} left without its id reserved"));
        }
    }

    /// A new order left: what may come of it and everything before it, by the venue's own books.
    fn judge_exposure(&mut self, world: &World, instrument: usize, qty: i64) {
        if world.plan.executes_ended() || world.plan.may_arrive_too_late() {
            // Executions that nobody has told of yet are on nobody's account, and neither are
            // orders of which the venue said for seconds that it has none.
            return;
        }
        let listing = &LISTINGS[instrument];
        let worst = world.worst(instrument);
        // The market stays within two percent of where it starts.
        let least = listing.value(listing.start * 97 / 200, worst);
        if least > self.rules.max_position_notional && worst > qty {
            let symbol = listing.symbol;
            let what = format!("{symbol}: {worst} lots may come of what is at the venue");
            self.breach("I10", what);
        }
    }

    fn judge_patience(&mut self, world: &World) {
        let found = self.patience.judge(world, &self.oracle);
        self.breaches.extend(found);
    }

    fn handle_event(&mut self, now: UnixNanos, event: &Event) {
        self.patience.handle_event(now, event);
        let broken = self.family.handle_event(event, &self.oracle);
        self.breaches.extend(broken);
        match event {
            Event::Order(event) => self.handle_order(event),
            Event::Fill(fill) => {
                let key = (fill.client_order_id.sequence, fill.cum_qty.0);
                if !self.told.insert(key) {
                    self.breach("I22", format!("execution {key:?} was booked twice"));
                }
                if self
                    .oracle
                    .side(key.0)
                    .is_some_and(|side| side != fill.side)
                {
                    self.breach("I20", format!("execution {key:?} on the wrong side"));
                }
            }
            _ => {}
        }
    }

    fn handle_order(&mut self, event: &OrderEvent) {
        let (order, status) = (&event.order, event.order.status);
        self.note(|| format!("  told {event:?}"));
        let sequence = order.client_order_id.sequence;
        if let Some(ended) = self.ended.get(&sequence) {
            let told_more = status == OrderStatus::Filled;
            if status != *ended && !told_more {
                self.breach("I2", format!("order {sequence}: {ended} became {status}"));
            }
        }
        if order.cum_qty > order.order_qty && order.pending_replace.is_none() {
            self.breach(
                "I6",
                format!("order {sequence} is filled beyond its quantity"),
            );
        }
        if status.is_terminal() {
            self.ended.insert(sequence, status);
        }
    }
}

/// The number in one of our ids: `rt-<lineage>-<sequence>[-<revision>]`.
pub(crate) fn sequence_of(client: &str) -> Option<u64> {
    client.strip_prefix("rt-")?.split('-').nth(1)?.parse().ok()
}

/// Which terms of the order it stands for; 0 for the first.
fn revision_of(client: &str) -> u16 {
    let last = client.split('-').nth(3);
    last.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The transport to the world.
pub(crate) struct SimTransport {
    world: Rc<RefCell<World>>,
    referee: Rc<RefCell<Referee>>,
    fuse: Fuse,
    bytes: Vec<u8>,
}

impl SimTransport {
    pub(crate) fn new(
        world: Rc<RefCell<World>>,
        referee: Rc<RefCell<Referee>>,
        fuse: Fuse,
    ) -> Self {
        Self {
            world,
            referee,
            fuse,
            bytes: Vec::new(),
        }
    }
}

impl Transport for SimTransport {
    fn now(&mut self) -> UnixNanos {
        self.world.borrow().now()
    }

    fn open(&mut self, lane: LaneId) -> io::Result<()> {
        self.fuse.burn()?;
        self.world.borrow_mut().open(lane);
        Ok(())
    }

    fn close(&mut self, lane: LaneId) -> io::Result<()> {
        self.fuse.burn()?;
        self.world.borrow_mut().close(lane);
        Ok(())
    }

    fn send(&mut self, lane: LaneId, transmit: Transmit<'_>) -> io::Result<()> {
        self.fuse.burn()?;
        let bytes = match transmit {
            Transmit::Bytes(bytes) | Transmit::Text(bytes) => bytes,
            Transmit::Ping => b"",
        };
        let mut world = self.world.borrow_mut();
        world.send(lane, bytes);
        if lane == ORDERS {
            let mut referee = self.referee.borrow_mut();
            if let Some(call) = Call::parse(world.plan.dialect, bytes) {
                referee.handle_sent(&world, &call);
                if let Some((instrument, _, qty)) = call.new_order() {
                    referee.judge_exposure(&world, instrument, qty);
                }
            }
        }
        Ok(())
    }

    fn poll(&mut self, until: UnixNanos) -> io::Result<Option<(UnixNanos, Arrival<'_>)>> {
        self.fuse.burn()?;
        let mut world = self.world.borrow_mut();
        let delivery = world.advance(until);
        let now = world.now();
        Ok(delivery.map(|delivery| {
            let arrival = match delivery {
                Delivery::Opened(lane) => Arrival::Opened(lane),
                Delivery::Closed(lane) => Arrival::Closed(lane, "cut"),
                Delivery::Pong(lane) => Arrival::Pong(lane),
                Delivery::Bytes(lane, bytes) => {
                    self.bytes = bytes;
                    Arrival::Bytes(lane, &self.bytes)
                }
            };
            (now, arrival)
        }))
    }
}

/// The caller of a session: hands on what the kernel says, and writes the kill file.
pub(crate) struct Caller<'a> {
    pub(crate) referee: Rc<RefCell<Referee>>,
    pub(crate) world: Rc<RefCell<World>>,
    pub(crate) kill: &'a Path,
}

impl Hooks for Caller<'_> {
    fn should_stop(&mut self) -> bool {
        let mut world = self.world.borrow_mut();
        let word = world.word.take();
        let quiet = world.is_quiet();
        self.referee.borrow_mut().judge_patience(&world);
        drop(world);
        if let Some(word) = word.filter(|_| !quiet) {
            if let Err(error) = std::fs::write(self.kill, word) {
                let what = format!("the kill file cannot be written: {error}");
                self.referee.borrow_mut().breach("harness", what);
            }
        }
        false
    }

    fn on_event(&mut self, event: &Event) {
        let now = self.world.borrow().now();
        self.referee.borrow_mut().handle_event(now, event);
        let name = match event {
            Event::Order(event) if event.denial.is_some() => "order denied",
            Event::Order(event) if event.order.parent > 0 => "child of a parent",
            Event::Parent(event) => event.parent.algorithm.name(),
            Event::Order(event) => event.order.status.name(),
            Event::Fill(_) => "fill booked",
            Event::Sync(_) => "sync",
            Event::Trading { .. } => "trading state",
            _ => return,
        };
        self.world.borrow_mut().probes.count(name);
    }
}
