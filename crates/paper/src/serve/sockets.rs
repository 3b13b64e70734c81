//! WebSockets: frames in, frames out; what they mean is the engine's business.

use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{header, HeaderMap};
use axum::response::Response;
use tokio::sync::mpsc;

use super::driver::{Call, Door};
use crate::stream::{Encoding, Frame, Stream, OUTBOX};

const MESSAGE_MAX: usize = 1 << 20;

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
        .on_upgrade(move |socket| relay(door, stream, encoding, socket))
}

async fn relay(door: Door, stream: Stream, encoding: Encoding, mut socket: WebSocket) {
    let id = door.next_stream();
    let (outbox, mut frames) = mpsc::channel(OUTBOX);
    door.call(Call::Open {
        id,
        stream,
        encoding,
        outbox,
    });
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
            message = socket.recv() => match message {
                Some(Ok(Message::Text(text))) => {
                    door.call(Call::Said(id, text.as_bytes().to_vec()));
                }
                Some(Ok(Message::Binary(bytes))) => door.call(Call::Said(id, bytes.to_vec())),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
            },
        }
    }
    door.call(Call::Closed(id));
    // The other side may be gone already: there is nobody to tell.
    let _ = socket.send(Message::Close(None)).await;
}
