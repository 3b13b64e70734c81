//! WebSockets: frames in, frames out; what they mean is the engine's business.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::ConnectInfo;
use axum::http::{header, HeaderMap};
use axum::response::Response;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::driver::{Call, Door};
use super::wire::Peer;
use crate::binance::LineKind;
use crate::clock::wall_now;
use crate::stream::{Encoding, Frame, Outlet, Stream, OUTBOX};

const MESSAGE_MAX: usize = 1 << 20;
/// Between two pings.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Pings without any sign of life.
const SILENT_MOST: u32 = 4;

/// Takes a connection over. The request's content type says how market data is written.
pub(super) fn upgrade(
    door: Door,
    stream: Stream,
    ConnectInfo(peer): ConnectInfo<Peer>,
    headers: &HeaderMap,
    socket: WebSocketUpgrade,
) -> Response {
    let content = headers.get(header::CONTENT_TYPE);
    let packed = content.is_some_and(|value| value.as_bytes() == b"application/msgpack");
    let encoding = match (stream, packed) {
        (Stream::Market(_), true) => Encoding::Msgpack,
        _ => Encoding::Json,
    };
    socket
        .max_message_size(MESSAGE_MAX)
        .on_upgrade(move |socket| {
            let open = move |id, frames| Call::Open {
                id,
                stream,
                encoding,
                wire: Outlet {
                    frames,
                    cut: peer.0,
                },
            };
            relay(door, open, socket)
        })
}

/// Takes a connection of the Binance dialect over.
pub(super) fn upgrade_line(
    door: Door,
    kind: LineKind,
    names: Vec<String>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    socket: WebSocketUpgrade,
) -> Response {
    socket
        .max_message_size(MESSAGE_MAX)
        .on_upgrade(move |socket| {
            let open = move |id, frames| Call::OpenLine {
                id,
                kind,
                names,
                wire: Outlet {
                    frames,
                    cut: peer.0,
                },
            };
            relay(door, open, socket)
        })
}

async fn relay(
    door: Door,
    open: impl FnOnce(u64, mpsc::Sender<Frame>) -> Call,
    mut socket: WebSocket,
) {
    let id = door.next_stream();
    let (outbox, mut frames) = mpsc::channel(OUTBOX);
    door.call(open(id, outbox));
    let mut heartbeat = tokio::time::interval(HEARTBEAT);
    heartbeat.reset();
    let mut silent = 0;
    let mut loose: Vec<(Instant, Frame)> = Vec::new();
    loop {
        let first = loose.iter().map(|(at, _)| *at).min();
        tokio::select! {
            frame = frames.recv() => {
                let Some(frame) = frame else { break };
                if !send(&mut socket, &mut loose, frame).await {
                    break;
                }
            }
            () = sleep_until(first) => {
                let due = loose.iter().position(|(at, _)| Some(*at) == first);
                let frame = due.map(|at| loose.remove(at).1);
                if let Some(frame) = frame {
                    if !send(&mut socket, &mut loose, frame).await {
                        break;
                    }
                }
            }
            _ = heartbeat.tick() => {
                // Who does not even answer a ping is gone, and holds a connection for nothing.
                silent += 1;
                let ping = Message::Ping(Vec::new().into());
                if silent > SILENT_MOST || socket.send(ping).await.is_err() {
                    break;
                }
            }
            message = socket.recv() => {
                silent = 0;
                match message {
                    Some(Ok(Message::Text(text))) => {
                        door.call(Call::Said(id, text.as_bytes().to_vec(), wall_now()));
                    }
                    Some(Ok(Message::Binary(bytes))) => {
                        door.call(Call::Said(id, bytes.to_vec(), wall_now()));
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                }
            }
        }
    }
    door.call(Call::Closed(id));
    // The other side may be gone already: there is nobody to tell.
    let _ = socket.send(Message::Close(None)).await;
}

/// Sends a frame, or puts it aside until its time; says whether the socket still takes any.
async fn send(socket: &mut WebSocket, loose: &mut Vec<(Instant, Frame)>, frame: Frame) -> bool {
    let frame = match frame {
        Frame::Loose(ms, frame) => {
            loose.push((Instant::now() + Duration::from_millis(ms), *frame));
            return true;
        }
        Frame::Late(ms, frame) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            *frame
        }
        frame => frame,
    };
    let message = match frame {
        Frame::Text(text) => Message::Text(text.into()),
        Frame::Binary(bytes) => Message::Binary(bytes.into()),
        Frame::Late(..) | Frame::Loose(..) => return true,
    };
    socket.send(message).await.is_ok()
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
