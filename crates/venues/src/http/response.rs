//! Responses: bytes in any pieces, whole responses out.

use alloc::vec::Vec;

use crate::error::DecodeError;

/// The largest head that is read, in bytes.
pub const HEAD_MAX: usize = 16 * 1024;
/// The largest body that is read unless another limit is given, in bytes.
pub const BODY_MAX: usize = 8 * 1024 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Framing {
    Empty,
    Fixed(usize),
    Chunked,
    UntilClose,
}

#[derive(Debug, Clone, Copy)]
struct Head {
    status: u16,
    keep_alive: bool,
    length: usize,
    framing: Framing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    Line,
    Data(usize),
    DataEnd,
    Trailer,
}

/// One response, borrowed from its reader.
#[derive(Debug, Clone, Copy)]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// Whether the connection may carry another request.
    pub keep_alive: bool,
    /// The body, without its framing.
    pub body: &'a [u8],
    head: &'a [u8],
}

impl<'a> Response<'a> {
    /// A response without headers, for tests and for answers that never were HTTP.
    #[must_use]
    pub const fn bare(status: u16, body: &'a [u8]) -> Self {
        Self {
            status,
            keep_alive: true,
            body,
            head: b"",
        }
    }

    /// The value of a header, by name in any case, without white space around it.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        lines(self.head).skip(1).find_map(|line| {
            let (found, value) = split_header(line)?;
            found.eq_ignore_ascii_case(name.as_bytes()).then_some(value)
        })
    }

    /// The whole number that a header holds.
    #[must_use]
    pub fn header_number(&self, name: &str) -> Option<u64> {
        core::str::from_utf8(self.header(name)?).ok()?.parse().ok()
    }
}

/// Reads responses from the bytes of one connection.
#[derive(Debug)]
pub struct ResponseReader {
    buffer: Vec<u8>,
    body: Vec<u8>,
    head: Option<Head>,
    chunk: Chunk,
    at: usize,
    taken: bool,
    closed: bool,
    body_max: usize,
}

impl ResponseReader {
    /// A reader that refuses bodies above `body_max` bytes.
    #[must_use]
    pub const fn new(body_max: usize) -> Self {
        Self {
            buffer: Vec::new(),
            body: Vec::new(),
            head: None,
            chunk: Chunk::Line,
            at: 0,
            taken: false,
            closed: false,
            body_max,
        }
    }

    /// Forgets everything: a new connection starts.
    pub fn reset(&mut self) {
        self.buffer.clear();
        self.body.clear();
        self.head = None;
        self.chunk = Chunk::Line;
        self.at = 0;
        self.taken = false;
        self.closed = false;
    }

    /// Takes bytes from the connection.
    pub fn handle_input(&mut self, bytes: &[u8]) {
        self.discard_taken();
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes note that no more bytes will come.
    pub fn handle_close(&mut self) {
        self.closed = true;
    }

    /// Whether bytes wait that belong to no complete response.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.taken || self.buffer.is_empty()
    }

    /// The next whole response; it lives until the next call.
    ///
    /// # Errors
    /// `Malformed` when the bytes are no HTTP/1.x response or pass a limit: the connection is of
    /// no further use. `Incomplete` when the connection closed in the middle of one.
    pub fn poll_response(&mut self) -> Result<Option<Response<'_>>, DecodeError> {
        self.discard_taken();
        if !self.advance()? {
            if self.closed && !self.buffer.is_empty() {
                return Err(DecodeError::Incomplete);
            }
            return Ok(None);
        }
        let Some(head) = self.head else {
            return Ok(None);
        };
        self.taken = true;
        let body = match head.framing {
            Framing::Chunked => self.body.as_slice(),
            _ => self.buffer.get(head.length..self.at).unwrap_or_default(),
        };
        Ok(Some(Response {
            status: head.status,
            keep_alive: head.keep_alive && !self.closed,
            body,
            head: self.buffer.get(..head.length).unwrap_or_default(),
        }))
    }

    fn discard_taken(&mut self) {
        if self.taken {
            self.buffer.drain(..self.at.min(self.buffer.len()));
            self.body.clear();
            self.head = None;
            self.chunk = Chunk::Line;
            self.at = 0;
            self.taken = false;
        }
    }

    /// Reads as far as the bytes go; true when a response is whole.
    fn advance(&mut self) -> Result<bool, DecodeError> {
        loop {
            let Some(head) = self.head else {
                if !self.read_head()? {
                    return Ok(false);
                }
                continue;
            };
            return match head.framing {
                Framing::Empty => {
                    self.at = head.length;
                    Ok(true)
                }
                Framing::Fixed(length) => {
                    self.at = head.length + length;
                    Ok(self.buffer.len() >= self.at)
                }
                Framing::Chunked => self.read_chunks(),
                Framing::UntilClose => {
                    if self.buffer.len() - head.length > self.body_max {
                        return Err(DecodeError::malformed(head.length, "body_max"));
                    }
                    self.at = self.buffer.len();
                    Ok(self.closed)
                }
            };
        }
    }

    fn read_head(&mut self) -> Result<bool, DecodeError> {
        let from = self.at.saturating_sub(3);
        let found = find(self.buffer.get(from..).unwrap_or_default(), b"\r\n\r\n");
        let Some(found) = found else {
            self.at = self.buffer.len();
            if self.at > HEAD_MAX {
                return Err(DecodeError::malformed(self.at, "head_max"));
            }
            return Ok(false);
        };
        let length = from + found + 4;
        let head = parse_head(self.buffer.get(..length).unwrap_or_default(), self.body_max)?;
        if (100..200).contains(&head.status) {
            self.buffer.drain(..length);
            self.at = 0;
            return Ok(true);
        }
        self.at = length;
        self.head = Some(head);
        Ok(true)
    }

    fn read_chunks(&mut self) -> Result<bool, DecodeError> {
        loop {
            let rest = self.buffer.get(self.at..).unwrap_or_default();
            match self.chunk {
                Chunk::Line => {
                    let Some(end) = line_end(rest, self.at)? else {
                        return Ok(false);
                    };
                    let length = chunk_length(rest.get(..end).unwrap_or_default())
                        .ok_or(DecodeError::malformed(self.at, "chunk"))?;
                    if self.body.len() + length > self.body_max {
                        return Err(DecodeError::malformed(self.at, "body_max"));
                    }
                    self.at += end + 2;
                    self.chunk = match length {
                        0 => Chunk::Trailer,
                        length => Chunk::Data(length),
                    };
                }
                Chunk::Data(length) => {
                    let part = rest.get(..length.min(rest.len())).unwrap_or_default();
                    self.body.extend_from_slice(part);
                    self.at += part.len();
                    if part.len() < length {
                        self.chunk = Chunk::Data(length - part.len());
                        return Ok(false);
                    }
                    self.chunk = Chunk::DataEnd;
                }
                Chunk::DataEnd => match rest {
                    [b'\r', b'\n', ..] => {
                        self.at += 2;
                        self.chunk = Chunk::Line;
                    }
                    [] | [b'\r'] => return Ok(false),
                    _ => return Err(DecodeError::malformed(self.at, "chunk")),
                },
                Chunk::Trailer => {
                    let Some(end) = line_end(rest, self.at)? else {
                        return Ok(false);
                    };
                    self.at += end + 2;
                    if end == 0 {
                        return Ok(true);
                    }
                }
            }
        }
    }
}

fn find(bytes: &[u8], pattern: &[u8]) -> Option<usize> {
    bytes
        .windows(pattern.len())
        .position(|window| window == pattern)
}

fn line_end(rest: &[u8], at: usize) -> Result<Option<usize>, DecodeError> {
    match find(rest, b"\r\n") {
        None if rest.len() > HEAD_MAX => Err(DecodeError::malformed(at, "head_max")),
        found => Ok(found),
    }
}

fn chunk_length(line: &[u8]) -> Option<usize> {
    let digits = line.split(|&b| b == b';').next()?.trim_ascii_end();
    if digits.is_empty() || digits.len() > 8 {
        return None;
    }
    digits.iter().try_fold(0usize, |value, &digit| {
        Some(value * 16 + (digit as char).to_digit(16)? as usize)
    })
}

/// The lines of a head without their ends, the empty last one left out.
fn lines(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    head.split(|&b| b == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .filter(|line| !line.is_empty())
}

fn split_header(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&b| b == b':')?;
    let (name, value) = line.split_at(colon);
    let token = |b: &u8| b.is_ascii_graphic() && *b != b'(' && *b != b'"';
    if name.is_empty() || !name.iter().all(token) {
        return None;
    }
    Some((name, value.get(1..).unwrap_or_default().trim_ascii()))
}

fn parse_head(head: &[u8], body_max: usize) -> Result<Head, DecodeError> {
    let mut all = lines(head);
    let (status, minor) = all
        .next()
        .and_then(status_line)
        .ok_or(DecodeError::malformed(0, "status_line"))?;
    let (mut length, mut chunked, mut keep_alive) = (None, false, minor >= 1);
    for line in all {
        let (name, value) = split_header(line).ok_or(DecodeError::malformed(0, "header"))?;
        if name.eq_ignore_ascii_case(b"content-length") {
            let number =
                decimal_length(value).ok_or(DecodeError::malformed(0, "content-length"))?;
            if length.is_some_and(|known| known != number) {
                return Err(DecodeError::malformed(0, "content-length"));
            }
            length = Some(number);
        } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
            if !value.eq_ignore_ascii_case(b"chunked") {
                return Err(DecodeError::malformed(0, "transfer-encoding"));
            }
            chunked = true;
        } else if name.eq_ignore_ascii_case(b"connection") {
            for token in value.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
                keep_alive = match token {
                    word if word.eq_ignore_ascii_case(b"close") => false,
                    word if word.eq_ignore_ascii_case(b"keep-alive") => true,
                    _ => keep_alive,
                };
            }
        }
    }
    let framing = match (chunked, length) {
        _ if status < 200 || status == 204 || status == 304 => Framing::Empty,
        (true, Some(_)) => return Err(DecodeError::malformed(0, "transfer-encoding")),
        (true, None) => Framing::Chunked,
        (false, Some(length)) if length > body_max => {
            return Err(DecodeError::malformed(0, "body_max"));
        }
        (false, Some(length)) => Framing::Fixed(length),
        (false, None) => Framing::UntilClose,
    };
    Ok(Head {
        status,
        keep_alive: keep_alive && framing != Framing::UntilClose,
        length: head.len(),
        framing,
    })
}

fn status_line(line: &[u8]) -> Option<(u16, u8)> {
    let rest = line.strip_prefix(b"HTTP/1.")?;
    let [minor @ b'0'..=b'9', b' ', a, b, c, tail @ ..] = rest else {
        return None;
    };
    if !matches!(tail, [] | [b' ', ..]) {
        return None;
    }
    let status = [a, b, c].iter().try_fold(0u16, |value, &&digit| {
        digit
            .is_ascii_digit()
            .then(|| value * 10 + u16::from(digit - b'0'))
    })?;
    (status >= 100).then_some((status, minor - b'0'))
}

fn decimal_length(value: &[u8]) -> Option<usize> {
    if value.is_empty() || value.len() > 12 {
        return None;
    }
    value.iter().try_fold(0usize, |length, &digit| {
        digit
            .is_ascii_digit()
            .then(|| length * 10 + usize::from(digit - b'0'))
    })
}
