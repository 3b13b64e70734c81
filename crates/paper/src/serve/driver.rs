//! Drives the engine in real time, on a thread of its own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use py_rt_types::UnixNanos;

use crate::answer::{Answer, Request};
use crate::binance::LineKind;
use crate::clock::VirtualClock;
use crate::engine::Engine;
use crate::listing::Dialect;
use crate::stream::{Encoding, Frame, Stream};

/// Calls that may wait for the engine.
const QUEUE: usize = 1024;
/// Steps of the market between two looks at the queue, when the market runs behind the clock.
const BUDGET: usize = 256;
/// Longest sleep: nothing is due, and nobody calls.
const IDLE: Duration = Duration::from_secs(60);

/// What the engine is asked to do.
pub(super) enum Call {
    /// A request of a dialect.
    Dialect(Dialect, Request, oneshot::Sender<Answer>),
    /// A request on the administration port.
    Admin(Request, oneshot::Sender<Answer>),
    /// A stream was opened.
    Open {
        id: u64,
        stream: Stream,
        encoding: Encoding,
        outbox: mpsc::Sender<Frame>,
    },
    /// A connection of the Binance dialect was made; its path named streams.
    OpenLine {
        id: u64,
        kind: LineKind,
        names: Vec<String>,
        outbox: mpsc::Sender<Frame>,
    },
    /// A client said something on its stream, at this real time.
    Said(u64, Vec<u8>, UnixNanos),
    /// A stream was closed.
    Closed(u64),
    /// The venue stops.
    Stop,
}

/// The way to the engine.
#[derive(Clone)]
pub(super) struct Door {
    calls: SyncSender<Call>,
    streams: Arc<AtomicU64>,
    lost: Arc<AtomicBool>,
}

impl Door {
    /// Starts the engine's thread.
    pub(super) fn open(
        engine: Engine,
        clock: VirtualClock,
    ) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (calls, queue) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicBool::new(false));
        let door = Self {
            calls,
            streams: Arc::new(AtomicU64::new(1)),
            lost: Arc::clone(&lost),
        };
        let body = move || {
            drive(engine, clock, &queue);
            lost.store(true, Ordering::Release);
        };
        let thread = std::thread::Builder::new().name("paper-engine".to_owned());
        Ok((door, thread.spawn(body)?))
    }

    /// Hands a call in; the engine may have ended, then nobody answers.
    pub(super) fn call(&self, call: Call) {
        // A refusal means that the engine ended: the caller sees that its answer never comes.
        let _ = self.calls.send(call);
    }

    pub(super) fn next_stream(&self) -> u64 {
        self.streams.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn close(&self) {
        self.call(Call::Stop);
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
}

fn drive(mut engine: Engine, clock: VirtualClock, queue: &Receiver<Call>) {
    loop {
        let behind = engine.advance(clock.now(), BUDGET);
        let call = if behind {
            match queue.try_recv() {
                Ok(call) => call,
                Err(TryRecvError::Empty) => continue,
                Err(TryRecvError::Disconnected) => return,
            }
        } else {
            match queue.recv_timeout(clock.until(engine.poll_timeout(), IDLE)) {
                Ok(call) => call,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        };
        engine.advance(clock.now(), BUDGET);
        match call {
            Call::Dialect(Dialect::Alpaca, request, reply) => {
                answer(reply, engine.handle_request(&request));
            }
            Call::Dialect(Dialect::Binance, request, reply) => {
                answer(reply, engine.handle_binance(&request));
            }
            Call::Admin(request, reply) => answer(reply, engine.handle_admin(&request)),
            Call::Open {
                id,
                stream,
                encoding,
                outbox,
            } => engine.hub.open(id, stream, encoding, outbox),
            Call::OpenLine {
                id,
                kind,
                names,
                outbox,
            } => engine.open_line(id, kind, names, outbox),
            Call::Said(id, bytes, wall) if engine.desk.has(id) => {
                engine.handle_said(id, &bytes, wall);
            }
            Call::Said(id, bytes, _) => engine.handle_stream(id, &bytes),
            Call::Closed(id) => engine.close_stream(id),
            Call::Stop => return,
        }
    }
}

/// The caller may have gone meanwhile; what he asked for has happened all the same.
fn answer(reply: oneshot::Sender<Answer>, answer: Answer) {
    let _ = reply.send(answer);
}
