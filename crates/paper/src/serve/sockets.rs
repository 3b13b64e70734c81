//! WebSockets: frames in, frames out; what they mean is the engine's business.

use std::time::Duration;

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{header, HeaderMap};
use axum::response::Response;
use tokio::sync::mpsc;

use super::driver::{Call, Door};
use crate::binance::LineKind;
use crate::clock::wall_now;
use crate::stream::{Encoding, Frame, Stream, OUTBOX};

const MESSAGE_MAX: usize = 1 << 20;
/// Between two pings.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// Pings without any sign of life.
const SILENT_MOST: u32 = 4;

/// Takes a connection over. The request's content type says how market data is written.
pub(super) fn upgrade(
    door: Door,
    stream: Stream,
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
            let open = move |id, outbox| Call::Open {
                id,
                stream,
                encoding,
                outbox,
            };
            relay(door, open, socket)
        })
}

/// Takes a connection of the Binance dialect over.
pub(super) fn upgrade_line(
    door: Door,
    kind: LineKind,
    names: Vec<String>,
    socket: WebSocketUpgrade,
) -> Response {
    socket
        .max_message_size(MESSAGE_MAX)
        .on_upgrade(move |socket| {
            let open = move |id, outbox| Call::OpenLine {
                id,
                kind,
                names,
                outbox,
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
    let mut silent = 0;
    loop {
        tokio::select! {
            frame = frames.recv() => {
                let Some(frame) = frame else { break };
                let message = match frame {
                    Frame::Text(text) => Message::Text(text.into()),
                    Frame::Binary(bytes) => Message::Binary(bytes.into()),
                };
                if socket.send(message).await.is_err() {
                    break;
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
