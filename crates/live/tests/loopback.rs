//! Real sockets on loopback: the venue of the rig behind a server, one whole session through it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod rig;

use std::collections::{BTreeMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use py_rt_live::clock::Clock;
use py_rt_live::net::LaneId;
use py_rt_live::{replay_journal, trade, LiveConfig};
use rig::venue::Delivery;
use rig::wire::{ACCOUNT, MARKET};
use rig::{config, Listener, Quoter, Scratch, World};
use tungstenite::{Error, Message};

struct Shared {
    world: World,
    outbox: BTreeMap<LaneId, VecDeque<Vec<u8>>>,
    clock: Clock,
}

impl Shared {
    fn pump(&mut self) {
        let now = self.clock.now();
        while let Some(delivery) = self.world.advance(now) {
            if let Delivery::Bytes(lane, bytes) = delivery {
                self.outbox.entry(lane).or_default().push_back(bytes);
            }
        }
    }
}

fn serve(shared: Arc<Mutex<Shared>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let shared = Arc::clone(&shared);
            thread::spawn(move || serve_one(stream.unwrap(), &shared));
        }
    });
    port
}

fn serve_one(stream: TcpStream, shared: &Mutex<Shared>) {
    let mut start = [0; 64];
    let count = loop {
        match stream.peek(&mut start) {
            Ok(0) | Err(_) => return,
            Ok(count) if count >= 40 => break count,
            Ok(_) => {}
        }
    };
    let start = String::from_utf8_lossy(&start[..count]).into_owned();
    if start.starts_with("GET /stream ") {
        serve_messages(stream, shared, ACCOUNT);
    } else if start.starts_with("GET /v1beta3/") {
        serve_messages(stream, shared, MARKET);
    } else {
        serve_requests(stream, shared);
    }
}

fn serve_requests(mut stream: TcpStream, shared: &Mutex<Shared>) {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = stream.read(&mut piece) {
        bytes.extend_from_slice(&piece[..count]);
        while let Some(length) = whole_request(&bytes) {
            let request = String::from_utf8(bytes.drain(..length).collect()).unwrap();
            let (status, body) = {
                let mut shared = shared.lock().unwrap();
                shared.pump();
                shared.world.answer(&request)
            };
            let length = body.len();
            let text = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\n\r\n{body}");
            if stream.write_all(text.as_bytes()).is_err() {
                return;
            }
        }
    }
}

fn whole_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let body = text.split("content-length:").nth(1);
    let body = body.and_then(|rest| rest.split("\r\n").next()?.trim().parse().ok());
    let length = head + body.unwrap_or(0);
    (bytes.len() >= length).then_some(length)
}

fn serve_messages(stream: TcpStream, shared: &Mutex<Shared>, lane: LaneId) {
    let mut socket = tungstenite::accept(stream).unwrap();
    let timeout = Some(Duration::from_millis(2));
    socket.get_ref().set_read_timeout(timeout).unwrap();
    shared.lock().unwrap().world.open(lane);
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => {
                let mut shared = shared.lock().unwrap();
                shared.world.send(lane, text.as_bytes());
            }
            Ok(_) => {}
            Err(Error::Io(error))
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
        let waiting = {
            let mut shared = shared.lock().unwrap();
            shared.pump();
            shared.outbox.remove(&lane).unwrap_or_default()
        };
        for bytes in waiting {
            if socket.send(Message::binary(bytes)).is_err() {
                return;
            }
        }
    }
}

fn venue() -> (Arc<Mutex<Shared>>, u16) {
    let clock = Clock::new();
    let mut world = World::new();
    world.now = clock.now();
    let shared = Arc::new(Mutex::new(Shared {
        world,
        outbox: BTreeMap::new(),
        clock,
    }));
    let port = serve(Arc::clone(&shared));
    (shared, port)
}

fn to_port(mut config: LiveConfig, port: u16) -> LiveConfig {
    config.venue.trading_url = format!("http://127.0.0.1:{port}");
    config.venue.account_stream_url = format!("ws://127.0.0.1:{port}/stream");
    config.venue.market_stream_url = format!("ws://127.0.0.1:{port}/v1beta3/crypto/us");
    config
}

#[test]
fn a_session_through_sockets_ends_equal_and_replays() {
    for spin in [false, true] {
        let (shared, port) = venue();
        let scratch = Scratch::new("loopback");
        let mut config = to_port(config(scratch.path(), 1), port);
        config.spin = spin;
        config.store = true;
        let mut listener = Listener::default();
        let summary = trade(&config, |_| Quoter::default(), &mut listener).unwrap();
        let shared = shared.lock().unwrap();
        assert!(summary.orders > 5, "{summary:?} {:?}", listener.notices);
        assert!(
            summary.reconciled && summary.open_orders == 0,
            "{summary:?}"
        );
        assert_eq!(summary.cash, shared.world.cash_text());
        assert_eq!(summary.fills, shared.world.executions.len() as u64);
        let replayed = replay_journal(&summary.journal, |_, _| Quoter::default()).unwrap();
        assert!(replayed.equal, "{replayed:?}");
        assert_eq!(replayed.order_hash, summary.order_hash);
        assert!(scratch.path().join("status.json").exists());
    }
}

#[test]
fn what_does_not_fit_is_refused_before_anything_is_sent() {
    let (_, port) = venue();
    let scratch = Scratch::new("refused");
    let good = to_port(config(scratch.path(), 1), port);
    let refused = |config: &LiveConfig| {
        let mut listener = Listener::default();
        let error = trade(config, |_| Quoter::default(), &mut listener).unwrap_err();
        (error.code(), error.to_string())
    };
    let mut config = good.clone();
    config.symbols = vec!["NO/SUCH".to_string()];
    let (code, text) = refused(&config);
    assert!(
        code == "config" && text.contains("NO/SUCH"),
        "{code} {text}"
    );
    let mut config = good.clone();
    config.venue.mode = py_rt_live::Mode::Live;
    assert_eq!(refused(&config).0, "config");
    let mut config = good.clone();
    config.venue.trading_url = "http://paper-api.example".to_string();
    let (code, text) = refused(&config);
    assert!(code == "config" && text.contains("https"), "{code} {text}");
    let mut config = good;
    config.venue.trading_url = "http://127.0.0.1:1".to_string();
    assert_eq!(refused(&config).0, "connection");
}
