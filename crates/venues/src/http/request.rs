//! Requests: one pre-rendered header block, patched with path and body into one buffer.

use alloc::vec::Vec;
use core::fmt;

/// The verbs in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Read.
    Get,
    /// Make.
    Post,
    /// Change.
    Patch,
    /// End.
    Delete,
}

impl Method {
    /// The verb on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A header that cannot be sent: its name is no token or its value has control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadHeader {
    /// Which header, by its place in the list; the host is place 0.
    pub place: usize,
}

impl fmt::Display for BadHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "header {} has an empty or unprintable name or value",
            self.place
        )
    }
}

impl core::error::Error for BadHeader {}

/// Makes requests to one host with the same headers each time.
pub struct RequestEncoder {
    block: Vec<u8>,
}

impl fmt::Debug for RequestEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RequestEncoder(***)")
    }
}

impl RequestEncoder {
    /// Renders the header block: `Host`, then the given headers. `Debug` shows none of it.
    ///
    /// # Errors
    /// [`BadHeader`] when one could smuggle a line.
    pub fn try_new(host: &str, headers: &[(&str, &str)]) -> Result<Self, BadHeader> {
        let mut block = Vec::new();
        let host = ("Host", host);
        let all = core::iter::once(&host).chain(headers);
        for (place, (name, value)) in all.enumerate() {
            let name_ok = !name.is_empty() && name.bytes().all(is_token);
            let value_ok = !value.is_empty() && value.bytes().all(|b| (b' '..0x7f).contains(&b));
            if !(name_ok && value_ok) {
                return Err(BadHeader { place });
            }
            for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                block.extend_from_slice(part);
            }
        }
        Ok(Self { block })
    }

    /// Appends one request to the buffer. The path must hold no space and no control character;
    /// our own paths are made of fixed text, ids and percent-encoded values.
    pub fn encode(&self, method: Method, path: &[u8], body: &[u8], out: &mut Vec<u8>) {
        self.start(method, path, out);
        finish(method, b"application/json", body, out);
    }

    /// As [`RequestEncoder::encode`], with one more header: a token changes with the request. Its
    /// value must be printable.
    pub fn encode_with(
        &self,
        (method, path): (Method, &[u8]),
        header: (&str, &[u8]),
        body: &[u8],
        out: &mut Vec<u8>,
    ) {
        self.start(method, path, out);
        push_header(header, out);
        finish(method, b"application/json", body, out);
    }

    /// As [`RequestEncoder::encode_with`]: a `POST` whose body is a form.
    pub fn encode_form(&self, path: &[u8], header: (&str, &[u8]), form: &[u8], out: &mut Vec<u8>) {
        self.start(Method::Post, path, out);
        push_header(header, out);
        finish(
            Method::Post,
            b"application/x-www-form-urlencoded",
            form,
            out,
        );
    }

    fn start(&self, method: Method, path: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(method.name().as_bytes());
        out.push(b' ');
        out.extend_from_slice(path);
        out.extend_from_slice(b" HTTP/1.1\r\n");
        out.extend_from_slice(&self.block);
    }
}

fn push_header((name, value): (&str, &[u8]), out: &mut Vec<u8>) {
    let parts = [name.as_bytes(), b": ", value, b"\r\n"];
    parts
        .into_iter()
        .for_each(|part| out.extend_from_slice(part));
}

/// Appends the end of the head, and the body.
fn finish(method: Method, kind: &[u8], body: &[u8], out: &mut Vec<u8>) {
    if !body.is_empty() {
        push_header(("Content-Type", kind), out);
        out.extend_from_slice(b"Content-Length: ");
        push_number(out, body.len());
        out.extend_from_slice(b"\r\n");
    } else if method == Method::Post {
        // A server may wait for a body that nobody says is empty.
        out.extend_from_slice(b"Content-Length: 0\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn push_number(out: &mut Vec<u8>, mut number: usize) {
    let mut digits = [0; 20];
    let mut count = 0;
    for digit in &mut digits {
        *digit = b'0' + (number % 10) as u8;
        count += 1;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend(digits.iter().take(count).rev());
}

/// Appends a query value, percent-encoding everything but unreserved characters.
pub fn encode_query_value(value: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in value {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte);
        } else {
            let (high, low) = (HEX[(byte >> 4) as usize], HEX[(byte & 15) as usize]);
            out.extend_from_slice(&[b'%', high, low]);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_one_buffer() {
        let encoder = RequestEncoder::try_new("127.0.0.1:9", &[("X-Key", "k")]).unwrap();
        let mut out = Vec::new();
        encoder.encode(Method::Post, b"/v2/orders", b"{}", &mut out);
        let expected: &[u8] = b"POST /v2/orders HTTP/1.1\r\nHost: 127.0.0.1:9\r\nX-Key: k\r\n\
            Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(out, expected);
        out.clear();
        encoder.encode(Method::Delete, b"/x", b"", &mut out);
        assert_eq!(
            out,
            b"DELETE /x HTTP/1.1\r\nHost: 127.0.0.1:9\r\nX-Key: k\r\n\r\n"
        );
    }

    #[test]
    fn a_header_cannot_smuggle_a_line() {
        let bad = RequestEncoder::try_new("h", &[("X", "a\r\nY: b")]);
        assert_eq!(bad.err(), Some(BadHeader { place: 1 }));
        assert!(RequestEncoder::try_new("", &[]).is_err());
    }

    #[test]
    fn query_values_are_encoded() {
        let mut out = Vec::new();
        encode_query_value(b"2026-11-20T15:00:00Z::a b", &mut out);
        assert_eq!(out, b"2026-11-20T15%3A00%3A00Z%3A%3Aa%20b");
    }
}
