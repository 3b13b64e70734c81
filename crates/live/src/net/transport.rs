//! The transport with sockets: one poll over all lanes, or a spin.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::sync::Arc;
use std::thread;

use py_rt_types::UnixNanos;
use py_rt_venues::Transmit;
use rustix::event::{poll, PollFd, PollFlags, Timespec};
use rustls::ClientConfig;
use tungstenite::Bytes;

use super::connect::open_connection;
use super::connection::{Connection, Read1};
use super::{Arrival, Endpoint, LaneId, Transport};
use crate::clock::Clock;

/// Bytes that one read takes at most.
const BUFFER: usize = 1 << 16;
/// Results of attempts that may wait; a lane has one attempt at a time, so this is never full.
const RESULTS_MAX: usize = 64;
/// A lane that never runs dry keeps the others waiting for at most so many readings.
const UNASKED_MAX: u32 = 16;

#[derive(Debug)]
struct Lane {
    endpoint: Endpoint,
    connection: Option<Connection>,
    /// Counts attempts, so that the result of one that was given up is known as such.
    attempt: u64,
    /// Whether a read may bring something without asking the system first.
    hot: bool,
    /// Whether a write that waits may go on.
    writable: bool,
}

struct Opened {
    lane: LaneId,
    attempt: u64,
    result: io::Result<Connection>,
}

/// What a poll found; the bytes are in the transport.
enum Found {
    Opened(LaneId),
    Closed(LaneId),
    Bytes(LaneId, usize),
    Message(LaneId),
    Pong(LaneId),
}

/// See the module.
pub struct NetTransport {
    clock: Clock,
    spin: bool,
    tls: Option<Arc<ClientConfig>>,
    lanes: Vec<Lane>,
    results: Receiver<Opened>,
    sender: SyncSender<Opened>,
    waker: Arc<UnixStream>,
    woken: UnixStream,
    failed: VecDeque<(LaneId, String)>,
    buffer: Vec<u8>,
    message: Bytes,
    reason: String,
    next: usize,
    /// Findings since the system was asked last.
    unasked: u32,
}

impl std::fmt::Debug for NetTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NetTransport")
            .field("lanes", &self.lanes.len())
            .field("spin", &self.spin)
            .finish_non_exhaustive()
    }
}

impl NetTransport {
    /// A transport over these lanes, none of them open.
    ///
    /// # Errors
    /// When the machine has no means left.
    pub fn try_new(
        endpoints: Vec<Endpoint>,
        tls: Option<Arc<ClientConfig>>,
        spin: bool,
    ) -> io::Result<Self> {
        let (waker, woken) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        woken.set_nonblocking(true)?;
        let (sender, results) = sync_channel(RESULTS_MAX);
        let lane = |endpoint| Lane {
            endpoint,
            connection: None,
            attempt: 0,
            hot: false,
            writable: false,
        };
        Ok(Self {
            clock: Clock::new(),
            spin,
            tls,
            lanes: endpoints.into_iter().map(lane).collect(),
            results,
            sender,
            waker: Arc::new(waker),
            woken,
            failed: VecDeque::new(),
            buffer: vec![0; BUFFER],
            message: Bytes::new(),
            reason: String::new(),
            next: 0,
            unasked: 0,
        })
    }

    fn fail(&mut self, lane: LaneId, error: &io::Error) {
        if let Some(found) = self.lanes.get_mut(lane) {
            found.connection = None;
            found.hot = false;
        }
        self.failed.push_back((lane, error.to_string()));
    }

    fn find_now(&mut self) -> Option<Found> {
        if let Some((lane, reason)) = self.failed.pop_front() {
            self.reason = reason;
            return Some(Found::Closed(lane));
        }
        while let Ok(opened) = self.results.try_recv() {
            let Some(lane) = self.lanes.get_mut(opened.lane) else {
                continue;
            };
            if lane.attempt != opened.attempt {
                continue;
            }
            match opened.result {
                Ok(connection) => {
                    lane.connection = Some(connection);
                    lane.hot = true;
                    return Some(Found::Opened(opened.lane));
                }
                Err(error) => {
                    self.reason = error.to_string();
                    return Some(Found::Closed(opened.lane));
                }
            }
        }
        self.read_hot()
    }

    /// Reads one thing from one lane, taking turns.
    fn read_hot(&mut self) -> Option<Found> {
        let count = self.lanes.len();
        for turn in 0..count {
            let at = (self.next + turn) % count;
            let lane = &mut self.lanes[at];
            let Some(connection) = lane.connection.as_mut() else {
                continue;
            };
            let mut step = Ok(Read1::Nothing);
            if std::mem::take(&mut lane.writable) {
                step = connection.flush().map(|()| Read1::Nothing);
            }
            while lane.hot && step.is_ok() {
                step = connection.read(&mut self.buffer);
                match step {
                    Ok(Read1::Skip) => {}
                    Ok(Read1::Nothing) => lane.hot = false,
                    _ => break,
                }
            }
            match step {
                Ok(Read1::Skip | Read1::Nothing) => {}
                Ok(found) => {
                    self.next = at + 1;
                    return Some(match found {
                        Read1::Bytes(length) => Found::Bytes(at, length),
                        Read1::Message(message) => {
                            self.message = message;
                            Found::Message(at)
                        }
                        _ => Found::Pong(at),
                    });
                }
                Err(error) => {
                    self.fail(at, &error);
                    let (lane, reason) = self.failed.pop_back()?;
                    self.reason = reason;
                    return Some(Found::Closed(lane));
                }
            }
        }
        None
    }

    /// Asks the system which lanes are ready; waits for one when `wait_ns` is positive.
    fn ask_system(&mut self, wait_ns: i64) -> io::Result<()> {
        self.unasked = 0;
        let mut fds = Vec::with_capacity(self.lanes.len() + 1);
        let mut places = Vec::with_capacity(self.lanes.len());
        fds.push(PollFd::new(&self.woken, PollFlags::IN));
        for (place, lane) in self.lanes.iter().enumerate() {
            if let Some(connection) = &lane.connection {
                let mut wanted = PollFlags::IN;
                if connection.wants_write() {
                    wanted |= PollFlags::OUT;
                }
                fds.push(PollFd::new(connection.stream().socket(), wanted));
                places.push(place);
            }
        }
        let timeout = Timespec {
            tv_sec: wait_ns / 1_000_000_000,
            tv_nsec: wait_ns % 1_000_000_000,
        };
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<PollFlags> = fds.iter().map(PollFd::revents).collect();
        drop(fds);
        if ready.first().is_some_and(|flags| !flags.is_empty()) {
            self.drain_waker()?;
        }
        for (place, flags) in places.into_iter().zip(ready.into_iter().skip(1)) {
            self.lanes[place].writable = flags.contains(PollFlags::OUT);
            let others = flags.difference(PollFlags::OUT);
            self.lanes[place].hot |= !others.is_empty();
        }
        Ok(())
    }

    fn drain_waker(&mut self) -> io::Result<()> {
        let mut bytes = [0; 64];
        loop {
            match self.woken.read(&mut bytes) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn find(&mut self, until: UnixNanos) -> io::Result<Option<Found>> {
        let mut waited = false;
        if self.unasked >= UNASKED_MAX {
            self.ask_system(0)?;
        }
        self.unasked += 1;
        loop {
            if let Some(found) = self.find_now() {
                return Ok(Some(found));
            }
            let left = until.since(self.clock.now()).max(0);
            if waited && left == 0 {
                return Ok(None);
            }
            self.ask_system(if self.spin { 0 } else { left })?;
            waited = true;
        }
    }
}

impl Transport for NetTransport {
    fn now(&mut self) -> UnixNanos {
        self.clock.now()
    }

    fn open(&mut self, lane: LaneId) -> io::Result<()> {
        let Some(found) = self.lanes.get_mut(lane) else {
            return Ok(());
        };
        found.connection = None;
        found.attempt += 1;
        let (attempt, endpoint) = (found.attempt, found.endpoint.clone());
        let (sender, tls) = (self.sender.clone(), self.tls.clone());
        let waker = Arc::clone(&self.waker);
        thread::Builder::new()
            .name(format!("open-{lane}"))
            .spawn(move || {
                let result = open_connection(&endpoint, tls.as_ref());
                let opened = Opened {
                    lane,
                    attempt,
                    result,
                };
                // The session may have ended meanwhile; then nobody waits for this.
                if sender.send(opened).is_ok() {
                    let _woken = (&*waker).write(&[1]);
                }
            })
            .map(|_thread| ())
    }

    fn close(&mut self, lane: LaneId) -> io::Result<()> {
        if let Some(lane) = self.lanes.get_mut(lane) {
            lane.connection = None;
            lane.attempt += 1;
            lane.hot = false;
        }
        Ok(())
    }

    #[inline]
    fn send(&mut self, lane: LaneId, transmit: Transmit<'_>) -> io::Result<()> {
        let sent = match self.lanes.get_mut(lane).map(|lane| &mut lane.connection) {
            Some(Some(connection)) => connection.send(transmit),
            // It failed a moment ago, and its session is about to hear of it.
            _ => Ok(()),
        };
        if let Err(error) = sent {
            self.fail(lane, &error);
        }
        Ok(())
    }

    #[inline]
    fn poll(&mut self, until: UnixNanos) -> io::Result<Option<(UnixNanos, Arrival<'_>)>> {
        let Some(found) = self.find(until)? else {
            return Ok(None);
        };
        let arrival = match found {
            Found::Opened(lane) => Arrival::Opened(lane),
            Found::Closed(lane) => Arrival::Closed(lane, &self.reason),
            Found::Bytes(lane, length) => Arrival::Bytes(lane, &self.buffer[..length]),
            Found::Message(lane) => Arrival::Bytes(lane, &self.message),
            Found::Pong(lane) => Arrival::Pong(lane),
        };
        Ok(Some((self.clock.now(), arrival)))
    }
}
