//! Drives the engine in real time, on a thread of its own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{sync_channel, Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use py_rt_types::UnixNanos;

use crate::answer::Request;
use crate::binance::LineKind;
use crate::clock::{wall_now, VirtualClock};
use crate::engine::Engine;
use crate::fault::cut::Cut;
use crate::fault::{Faults, Served};
use crate::listing::Dialect;
use crate::stream::{Encoding, Outlet, Stream};

/// Calls that may wait for the engine.
const QUEUE: usize = 1024;
/// Steps of the market between two looks at the queue, when the market runs behind the clock.
const BUDGET: usize = 256;
/// Longest sleep: nothing is due, and nobody calls.
const IDLE: Duration = Duration::from_secs(60);

/// What the engine is asked to do.
pub(super) enum Call {
    /// A request of a dialect.
    Dialect(Dialect, Request, oneshot::Sender<Served>),
    /// A request on the administration port.
    Admin(Request, oneshot::Sender<Served>),
    /// A stream was opened.
    Open {
        id: u64,
        stream: Stream,
        encoding: Encoding,
        wire: Outlet,
    },
    /// A connection of the Binance dialect was made; its path named streams.
    OpenLine {
        id: u64,
        kind: LineKind,
        names: Vec<String>,
        wire: Outlet,
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
    faults: Faults,
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
            faults: engine.faults.clone(),
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

    /// A connection of a dialect was made.
    pub(super) fn register(&self, cut: &Cut) {
        self.faults.register(cut);
    }

    /// Whether the venue plays dead.
    pub(super) fn is_down(&self) -> bool {
        self.faults.is_down(wall_now())
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

fn drive(mut engine: Engine, mut clock: VirtualClock, queue: &Receiver<Call>) {
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
            Call::Dialect(dialect, request, reply) => {
                answer(reply, engine.serve(dialect, &request));
            }
            Call::Admin(request, reply) => {
                answer(reply, Served::from(engine.handle_admin(&request)));
                if let Some(to) = engine.take_jump() {
                    clock.jump(to);
                }
            }
            Call::Open {
                id,
                stream,
                encoding,
                wire,
            } => engine.open_stream(id, stream, encoding, wire),
            Call::OpenLine {
                id,
                kind,
                names,
                wire,
            } => engine.open_line(id, kind, names, wire),
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
fn answer(reply: oneshot::Sender<Served>, served: Served) {
    let _ = reply.send(served);
}
