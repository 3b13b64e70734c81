//! MessagePack as clients send it: maps, lists, texts, numbers.

use serde_json::{Map, Value};

const DEPTH_MAX: usize = 16;

/// Reads one value that fills the whole message.
pub(super) fn decode(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { bytes };
    let value = reader.value(0)?;
    reader.bytes.is_empty().then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.bytes.split_at_checked(length)?;
        self.bytes = tail;
        Some(head)
    }

    fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = self.take(width)?;
        Some(
            bytes
                .iter()
                .fold(0, |acc, byte| acc << 8 | u64::from(*byte)),
        )
    }

    fn length(&mut self, width: usize) -> Option<usize> {
        usize::try_from(self.number(width)?).ok()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        if depth > DEPTH_MAX {
            return None;
        }
        let first = *self.take(1)?.first()?;
        match first {
            0x00..=0x7f => Some(Value::from(first)),
            0x80..=0x8f => self.map(usize::from(first & 0x0f), depth),
            0x90..=0x9f => self.list(usize::from(first & 0x0f), depth),
            0xa0..=0xbf => self.text(usize::from(first & 0x1f)),
            0xc0 => Some(Value::Null),
            0xc2 | 0xc3 => Some(Value::Bool(first == 0xc3)),
            0xc4 | 0xd9 => self.length(1).and_then(|length| self.text(length)),
            0xc5 | 0xda => self.length(2).and_then(|length| self.text(length)),
            0xc6 | 0xdb => self.length(4).and_then(|length| self.text(length)),
            0xcb => self.number(8).map(|bits| Value::from(f64::from_bits(bits))),
            0xcc..=0xcf => self.number(1 << (first - 0xcc)).map(Value::from),
            0xd0..=0xd3 => {
                let width = 1 << (first - 0xd0);
                let shift = 64 - 8 * width as u32;
                let bits = self.number(width)?;
                Some(Value::from(((bits << shift) as i64) >> shift))
            }
            0xdc => self.length(2).and_then(|length| self.list(length, depth)),
            0xdd => self.length(4).and_then(|length| self.list(length, depth)),
            0xde => self.length(2).and_then(|length| self.map(length, depth)),
            0xdf => self.length(4).and_then(|length| self.map(length, depth)),
            0xe0..=0xff => Some(Value::from(first as i8)),
            _ => None,
        }
    }

    fn text(&mut self, length: usize) -> Option<Value> {
        let text = std::str::from_utf8(self.take(length)?).ok()?;
        Some(Value::from(text))
    }

    fn list(&mut self, length: usize, depth: usize) -> Option<Value> {
        // Every item takes a byte at least: a length beyond the message is a lie.
        if length > self.bytes.len() {
            return None;
        }
        let items: Option<Vec<Value>> = (0..length).map(|_| self.value(depth + 1)).collect();
        items.map(Value::Array)
    }

    fn map(&mut self, length: usize, depth: usize) -> Option<Value> {
        if length > self.bytes.len() {
            return None;
        }
        let mut map = Map::new();
        for _ in 0..length {
            let Value::String(name) = self.value(depth + 1)? else {
                return None;
            };
            let value = self.value(depth + 1)?;
            map.insert(name, value);
        }
        Some(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::Node;

    #[test]
    fn what_was_packed_is_read_again() {
        let long = "x".repeat(300);
        let node = Node::map([
            ("action", "subscribe".into()),
            (
                "quotes",
                Node::List(vec!["AAPL".into(), Node::text(long.clone())]),
            ),
            (
                "n",
                Node::List([0, 127, 128, -1, -33, i64::MIN].map(Node::Int).to_vec()),
            ),
            ("b", Node::Bool(true)),
        ]);
        let value = decode(&node.to_msgpack()).unwrap();
        assert_eq!(value["quotes"][1], long.as_str());
        assert_eq!(
            value["n"],
            serde_json::json!([0, 127, 128, -1, -33, i64::MIN])
        );
        assert_eq!(value["b"], true);
    }

    #[test]
    fn bad_bytes_are_no_value() {
        let deep = [0x91; 64];
        let bad: [&[u8]; 6] = [
            b"",
            b"\xc1",
            b"\xdd\xff\xff\xff\xff",
            b"\xa5ab",
            b"\x01\x01",
            &deep,
        ];
        for bytes in bad {
            assert_eq!(decode(bytes), None, "{bytes:x?}");
        }
    }
}
