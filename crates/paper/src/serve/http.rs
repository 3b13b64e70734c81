//! HTTP to requests and answers to HTTP.

use axum::body::Body;
use axum::extract::{Request as HttpRequest, State};
use axum::http::{header, HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::{any, get};
use axum::Router;
use tokio::sync::oneshot;

use super::driver::{Call, Door};
use super::sockets;
use crate::answer::{Answer, Request};
use crate::clock::wall_now;
use crate::config::Class;
use crate::stream::Stream;

const BODY_MAX: usize = 1 << 20;
/// Requests that a minute allows; generous, and never used up.
const QUOTA: &str = "100000";

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

/// The dialect's port.
pub(super) fn dialect(door: Door) -> Router {
    let mut router = Router::new();
    for (path, stream) in STREAMS {
        let upgrade = move |State(door): State<Door>, headers, socket| async move {
            sockets::upgrade(door, stream, &headers, socket)
        };
        router = router.route(path, get(upgrade));
    }
    router.fallback(any(answer_dialect)).with_state(door)
}

/// The administration's port.
pub(super) fn administration(door: Door) -> Router {
    Router::new().fallback(any(answer_admin)).with_state(door)
}

async fn answer_dialect(State(door): State<Door>, request: HttpRequest) -> Response {
    answer(&door, request, Call::Dialect).await
}

async fn answer_admin(State(door): State<Door>, request: HttpRequest) -> Response {
    answer(&door, request, Call::Admin).await
}

async fn answer(
    door: &Door,
    request: HttpRequest,
    call: impl FnOnce(Request, oneshot::Sender<Answer>) -> Call,
) -> Response {
    let Some(request) = read(request).await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let (reply, answered) = oneshot::channel();
    door.call(call(request, reply));
    match answered.await {
        Ok(answer) => write(answer),
        Err(_) => plain(StatusCode::SERVICE_UNAVAILABLE),
    }
}

async fn read(request: HttpRequest) -> Option<Request> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, BODY_MAX).await.ok()?;
    let query = parts.uri.query().unwrap_or_default();
    Some(Request {
        method: parts.method.as_str().to_owned(),
        path: unescape(parts.uri.path(), false),
        query: query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(pair)
            .collect(),
        key: header_text(&parts.headers, "apca-api-key-id"),
        secret: header_text(&parts.headers, "apca-api-secret-key"),
        body: body.to_vec(),
    })
}

fn header_text(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    Some(value.to_owned())
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

fn write(answer: Answer) -> Response {
    let body = answer.body.map(|node| node.to_json());
    let json = body.is_some();
    let mut response = Response::new(body.map_or_else(Body::empty, Body::from));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    if json {
        let json = HeaderValue::from_static("application/json; charset=UTF-8");
        headers.insert(header::CONTENT_TYPE, json);
    }
    let resets = wall_now().0 / 1_000_000_000 + 60;
    headers.insert("x-ratelimit-limit", HeaderValue::from_static(QUOTA));
    headers.insert("x-ratelimit-remaining", HeaderValue::from_static(QUOTA));
    headers.insert("x-ratelimit-reset", HeaderValue::from(resets));
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
