//! One line of a recording: what the recorder wrote around the venue's message.
//!
//! Understood are: the message alone; a time in front of it (a count since 1970 in any unit, or
//! RFC 3339, before a space, tab, comma, semicolon or bar); an object with the time and the message
//! in it, as an object or as text.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use py_rt_types::UnixNanos;

use crate::error::{DecodeError, Malformed};
use crate::feed::instant::from_text;
use crate::json::{Kind, Scalar, Scanner, Slot};

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// A message of the venue.
    Message,
    /// The answer to a request.
    Answer,
    /// The connection was opened.
    Opened,
    /// Something of the recorder.
    Other,
}

/// A line taken apart.
#[derive(Debug, Clone)]
pub struct Line<'a> {
    /// What it holds.
    pub content: Content,
    /// When the recorder received it; 0 when it does not say.
    pub ts_recv: UnixNanos,
    /// Name of the connection, empty when there is one only.
    pub conn: Cow<'a, [u8]>,
    /// The address that was asked.
    pub url: Option<Cow<'a, [u8]>>,
    /// The message.
    pub payload: Cow<'a, [u8]>,
    /// How it was wrapped, for people.
    pub form: &'static str,
}

/// How far in front of the message its time may reach.
const PREFIX_MAX: usize = 200;

/// Takes a line apart; `None` for one without a message, such as a header.
///
/// # Errors
/// [`Malformed`] when a time cannot be read or a wrapper breaks off.
pub fn take_apart(line: &[u8]) -> Result<Option<Line<'_>>, Malformed> {
    let line = line.trim_ascii();
    let head = line.get(..PREFIX_MAX).unwrap_or(line);
    let start = head.iter().position(|byte| matches!(byte, b'{' | b'['));
    let Some(start) = start else {
        return match line {
            b"ping" | b"pong" => Ok(Some(plain(line, "messages alone"))),
            _ => Ok(None),
        };
    };
    let (prefix, body) = line.split_at(start);
    if start == 0 {
        return wrapped(line);
    }
    let mut inner = plain(body, "time in front of each message");
    let quoted = prefix.ends_with(b"\"");
    if quoted {
        inner.payload = Cow::Owned(unquoted(body));
        inner.form = "table with quoted messages";
    }
    let stamp = prefix
        .split(|byte| matches!(byte, b' ' | b'\t' | b',' | b';' | b'|'))
        .map(|part| part.trim_ascii())
        .map(|part| part.strip_prefix(b"\"").unwrap_or(part))
        .map(|part| part.strip_suffix(b"\"").unwrap_or(part))
        .find(|part| !part.is_empty());
    match stamp.map(from_text) {
        Some(Some(ts)) => inner.ts_recv = ts,
        None if quoted => {}
        _ => {
            return Err(Malformed {
                offset: 0,
                field: "receive time",
            })
        }
    }
    Ok(Some(inner))
}

fn plain<'a>(payload: &'a [u8], form: &'static str) -> Line<'a> {
    Line {
        content: Content::Message,
        ts_recv: UnixNanos(0),
        conn: Cow::Borrowed(&[]),
        url: None,
        payload: Cow::Borrowed(payload),
        form,
    }
}

/// A field of a table: doubled quotes are one, and the last one ends it.
fn unquoted(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        if byte == b'"' {
            match tail.split_first() {
                Some((b'"', tail)) => rest = tail,
                _ => break,
            }
        }
        out.push(byte);
    }
    out
}

#[derive(Default)]
struct Wrapper<'a> {
    kind: Slot<'a>,
    conn: Slot<'a>,
    time: Slot<'a>,
    url: Slot<'a>,
    payload: Option<(Kind, &'a [u8], Scalar<'a>)>,
    foreign: bool,
}

/// A line that is an object: a wrapper around a message, or the message itself.
fn wrapped(line: &[u8]) -> Result<Option<Line<'_>>, Malformed> {
    let alone = || Ok(Some(plain(line, "messages alone")));
    if line.first() != Some(&b'{') || !may_be_wrapper(line) {
        return alone();
    }
    let wrapper = match Wrapper::read(line) {
        Ok(wrapper) => wrapper,
        Err(_) => return alone(),
    };
    let kind = wrapper.kind.text("t")?.unwrap_or_default();
    let content = match &*kind {
        b"connect" => Content::Opened,
        b"http" => Content::Answer,
        b"header" | b"send" | b"disconnect" => Content::Other,
        _ => Content::Message,
    };
    let has_time = !wrapper.time.is_empty();
    let is_wrapper = !wrapper.foreign && has_time && wrapper.payload.is_some();
    if content == Content::Message && !is_wrapper {
        return alone();
    }
    let ts_recv = match wrapper.time.value("receive time")? {
        Scalar::Number(text) => from_text(text),
        Scalar::Text(text) => from_text(&text.unescape()),
        _ => Some(UnixNanos(0)),
    };
    let payload = match wrapper.payload {
        Some((Kind::Text, _, Scalar::Text(text))) => text.unescape(),
        Some((_, bytes, _)) => Cow::Borrowed(bytes),
        None => Cow::Borrowed(&[][..]),
    };
    Ok(Some(Line {
        content,
        ts_recv: ts_recv.ok_or_else(|| wrapper.time.malformed("receive time"))?,
        conn: wrapper.conn.text("conn")?.unwrap_or_default(),
        url: wrapper.url.text("url")?,
        payload,
        form: "objects with time and message",
    }))
}

/// A quick look: a venue's own message begins with other names than a wrapper.
fn may_be_wrapper(line: &[u8]) -> bool {
    let own: [&[u8]; 9] = [
        b"{\"stream\"",
        b"{\"e\"",
        b"{\"channel\"",
        b"{\"arg\"",
        b"{\"jsonrpc\"",
        b"{\"lastUpdateId\"",
        b"{\"event\"",
        b"{\"method\"",
        b"{\"type\":\"l2update\"",
    ];
    !own.iter().any(|name| line.starts_with(name))
}

impl<'a> Wrapper<'a> {
    fn read(line: &'a [u8]) -> Result<Self, DecodeError> {
        let mut wrapper = Self::default();
        let mut scanner = Scanner::new(line);
        scanner.begin_object()?;
        while let Some(name) = scanner.next_key()? {
            match name {
                b"t" => wrapper.kind.fill(&mut scanner)?,
                b"conn" | b"connection" | b"conn_id" => wrapper.conn.fill(&mut scanner)?,
                b"url" | b"uri" => wrapper.url.fill(&mut scanner)?,
                b"ts" | b"ts_recv" | b"recv_ts" | b"recv_time" | b"received" | b"received_at"
                | b"receive_ts" | b"receive_time" | b"receipt_timestamp" | b"local_ts"
                | b"local_time" | b"local_timestamp" | b"localTimestamp" | b"timestamp"
                | b"time" => wrapper.time.fill(&mut scanner)?,
                b"data" | b"msg" | b"message" | b"payload" | b"raw" | b"frame" | b"body" => {
                    wrapper.take(&mut scanner, line)?;
                }
                b"stream" | b"channel" | b"arg" | b"events" | b"product_id" | b"e" | b"event"
                | b"bids" | b"asks" | b"jsonrpc" | b"method" | b"microtimestamp" => {
                    wrapper.foreign = true;
                    scanner.skip()?;
                }
                _ => scanner.skip()?,
            }
        }
        scanner.finish()?;
        Ok(wrapper)
    }

    fn take(&mut self, scanner: &mut Scanner<'a>, line: &'a [u8]) -> Result<(), DecodeError> {
        let kind = scanner.peek()?;
        let start = scanner.offset();
        let scalar = scanner.scalar()?;
        let bytes = line.get(start..scanner.offset()).unwrap_or_default();
        if matches!(kind, Kind::Text | Kind::Array | Kind::Object) {
            self.payload = Some((kind, bytes, scalar));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use alloc::format;

    const MESSAGE: &str = r#"{"stream":"x@trade","data":{}}"#;
    const TS: UnixNanos = UnixNanos(1_633_998_512_063_356_900);

    #[test]
    fn every_form_gives_the_same_message_and_time() {
        let escaped = MESSAGE.replace('"', "\\\"");
        let doubled = MESSAGE.replace('"', "\"\"");
        for line in [
            format!("1633998512063356900 {MESSAGE}"),
            format!("1633998512.0633569\t{MESSAGE}\r"),
            format!("2021-10-12T00:28:32.0633569Z {MESSAGE}"),
            format!("2021-10-12T00:28:32.0633569Z,btcusdt,\"{doubled}\""),
            format!("{{\"t\":\"recv\",\"conn\":\"c\",\"ts\":1633998512.0633569,\"data\":\"{escaped}\"}}"),
            format!("{{\"local_timestamp\":\"1633998512063356900\",\"msg\":{MESSAGE}}}"),
        ] {
            let found = take_apart(line.as_bytes()).unwrap().unwrap();
            assert_eq!(found.ts_recv, TS, "{line}");
            assert_eq!(&*found.payload, MESSAGE.as_bytes(), "{line}");
            assert_eq!(found.content, Content::Message);
        }
    }

    #[test]
    fn a_message_alone_is_no_wrapper() {
        for line in [
            MESSAGE,
            r#"{"timestamp":"2026-08-09T21:05:48Z","channel":"l2_data","events":[]}"#,
            r#"{"data":{"timestamp":"1"},"channel":"order_book_btcusd","event":"data"}"#,
            "[1,[2,3]]",
        ] {
            let found = take_apart(line.as_bytes()).unwrap().unwrap();
            assert_eq!(
                (found.ts_recv, &*found.payload),
                (UnixNanos(0), line.as_bytes())
            );
        }
        assert!(take_apart(b"timestamp,message").unwrap().is_none());
        assert!(take_apart(b"yesterday {}").is_err());
    }
}
