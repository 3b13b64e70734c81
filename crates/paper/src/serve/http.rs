//! HTTP to requests and answers to HTTP.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request as HttpRequest, State};
use axum::http::{header, HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::Response;
use axum::routing::{any, get};
use axum::Router;
use tokio::sync::oneshot;

use super::driver::{Call, Door};
use super::sockets;
use super::wire::Peer;
use crate::answer::Request;
use crate::binance::LineKind;
use crate::clock::wall_now;
use crate::fault::{Ending, Served};
use crate::listing::{Class, Dialect};
use crate::stream::Stream;

const BODY_MAX: usize = 1 << 20;

/// Paths of the streams.
const STREAMS: [(&str, Stream); 7] = [
    ("/stream", Stream::Trading),
    ("/v2/iex", Stream::Market(Class::Equity)),
    ("/v2/sip", Stream::Market(Class::Equity)),
    ("/v2/delayed_sip", Stream::Market(Class::Equity)),
    ("/v2/test", Stream::Market(Class::Equity)),
    ("/v1beta3/crypto/us", Stream::Market(Class::Crypto)),
    ("/v1beta2/crypto", Stream::Market(Class::Crypto)),
];

/// The Alpaca dialect's port.
pub(super) fn alpaca(door: Door) -> Router {
    let mut router = Router::new();
    for (path, stream) in STREAMS {
        let upgrade = move |State(door): State<Door>, peer, headers, socket| async move {
            sockets::upgrade(door, stream, peer, &headers, socket)
        };
        router = router.route(path, get(upgrade));
    }
    router.fallback(any(answer_alpaca)).with_state(door)
}

/// The Binance dialect's port.
pub(super) fn binance(door: Door) -> Router {
    let raw = |State(door): State<Door>, peer, uri: Uri, socket| async move {
        let path = unescape(uri.path(), false);
        let names = path.trim_start_matches("/ws").split('/');
        sockets::upgrade_line(door, LineKind::Raw, names_of(names), peer, socket)
    };
    let combined = |State(door): State<Door>, peer, uri: Uri, socket| async move {
        let query = form(uri.query().unwrap_or_default());
        let streams = query.into_iter().find(|(name, _)| name == "streams");
        let streams = streams.map_or(String::new(), |(_, value)| value);
        sockets::upgrade_line(
            door,
            LineKind::Combined,
            names_of(streams.split('/')),
            peer,
            socket,
        )
    };
    let api = |State(door): State<Door>, peer, socket| async move {
        sockets::upgrade_line(door, LineKind::Api, Vec::new(), peer, socket)
    };
    Router::new()
        .route("/ws", get(raw))
        .route("/ws/", get(raw))
        .route("/ws/{*names}", get(raw))
        .route("/stream", get(combined))
        .route("/ws-api/v3", get(api))
        .fallback(any(answer_binance))
        .with_state(door)
}

fn names_of<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let named = names.filter(|name| !name.is_empty());
    named.map(str::to_owned).collect()
}

/// The administration's port.
pub(super) fn administration(door: Door) -> Router {
    Router::new().fallback(any(answer_admin)).with_state(door)
}

async fn answer_alpaca(
    State(door): State<Door>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: HttpRequest,
) -> Response {
    answer_dialect(Dialect::Alpaca, door, peer, request).await
}

async fn answer_binance(
    State(door): State<Door>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: HttpRequest,
) -> Response {
    answer_dialect(Dialect::Binance, door, peer, request).await
}

async fn answer_dialect(
    dialect: Dialect,
    door: Door,
    peer: Peer,
    request: HttpRequest,
) -> Response {
    let Some(mut request) = read(request).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    };
    loop {
        let call = |request, reply| Call::Dialect(dialect, request, reply);
        let Some(served) = ask(&door, request.clone(), call).await else {
            return plain(StatusCode::SERVICE_UNAVAILABLE);
        };
        match served.ending {
            Ending::Again(ms) => {
                tokio::time::sleep(Duration::from_millis(ms)).await;
                request.came_again = true;
                request.wall = wall_now();
                continue;
            }
            Ending::Answer(0) => {}
            Ending::Answer(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
            Ending::Hang => std::future::pending().await,
            Ending::Broken(breach) => peer.0.set(breach),
        }
        return write(served);
    }
}

async fn answer_admin(State(door): State<Door>, request: HttpRequest) -> Response {
    let Some(request) = read(request).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    };
    match ask(&door, request, Call::Admin).await {
        Some(served) => write(served),
        None => plain(StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// Asks the engine; it may have ended.
async fn ask(
    door: &Door,
    request: Request,
    call: impl FnOnce(Request, oneshot::Sender<Served>) -> Call,
) -> Option<Served> {
    let (reply, answered) = oneshot::channel();
    door.call(call(request, reply));
    answered.await.ok()
}

async fn read(request: HttpRequest) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX).await.ok()?;
    let query = parts.uri.query().unwrap_or_default();
    Some(Request {
        method: parts.method.as_str().to_owned(),
        path: unescape(parts.uri.path(), false),
        query: form(query),
        raw_query: query.to_owned(),
        wall: wall_now(),
        came_again: false,
        key: header_text(&parts.headers, "apca-api-key-id")
            .or_else(|| header_text(&parts.headers, "x-mbx-apikey")),
        secret: header_text(&parts.headers, "apca-api-secret-key"),
        body: body.to_vec(),
    })
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
}

/// Names and values of a query or a form.
pub(crate) fn form(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    pairs.map(pair).collect()
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, ""));
    (unescape(name, true), unescape(value, true))
}

/// Percent escapes, and plus signs for spaces in queries; what is no escape stays as it is.
fn unescape(text: &str, query: bool) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let code = bytes
            .get(at + 1..at + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        let code = code.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (byte, code) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', _) if query => out.push(b' '),
            _ => out.push(*byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn write(served: Served) -> Response {
    let written = served.body.is_some();
    let mut response = Response::new(served.body.map_or_else(Body::empty, Body::from));
    *response.status_mut() = StatusCode::from_u16(served.status).unwrap_or_default();
    let headers = response.headers_mut();
    if written {
        let kind = HeaderValue::from_static(served.content_type);
        headers.insert(header::CONTENT_TYPE, kind);
    }
    for (name, value) in served.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone() {
        assert_eq!(unescape("BTC%2FUSD", false), "BTC/USD");
        assert_eq!(unescape("a+b%20c%zz%", true), "a b c%zz%");
        assert_eq!(unescape("a+b", false), "a+b");
        assert_eq!(
            pair("after=2026-11-20T10%3A00"),
            ("after".into(), "2026-11-20T10:00".into())
        );
    }
}
