//! Answers as trees: written as JSON, or as MessagePack where a market data client asks for it.

use std::borrow::Cow;

use py_rt_types::{Decimal, UnixNanos};

use crate::civil;

/// A name in a map.
pub(crate) type Name = Cow<'static, str>;

/// A value of an answer. Maps keep their order: clients want the key `T` first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    /// An exact number that is written as a number (market data).
    Number(Decimal),
    Text(Name),
    /// RFC 3339 text in JSON, the timestamp extension in MessagePack.
    Time(UnixNanos),
    List(Vec<Node>),
    Map(Vec<(Name, Node)>),
}

impl Node {
    pub(crate) fn text(value: impl Into<String>) -> Self {
        Self::Text(Cow::Owned(value.into()))
    }

    /// A decimal as text, as the trading API writes numbers.
    pub(crate) fn decimal(value: Decimal) -> Self {
        Self::Text(Cow::Owned(value.to_string()))
    }

    pub(crate) fn optional<T>(value: Option<T>, write: impl FnOnce(T) -> Self) -> Self {
        value.map_or(Self::Null, write)
    }

    /// A map from fixed names.
    pub(crate) fn map<const N: usize>(fields: [(&'static str, Self); N]) -> Self {
        Self::Map(
            fields
                .into_iter()
                .map(|(name, value)| (Cow::Borrowed(name), value))
                .collect(),
        )
    }

    /// Adds a field to a map.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: Self) -> Self {
        if let Self::Map(fields) = &mut self {
            fields.push((Cow::Borrowed(name), value));
        }
        self
    }

    pub(crate) fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Number(value) => out.extend_from_slice(value.to_string().as_bytes()),
            Self::Text(value) => write_string(value, out),
            Self::Time(at) => write_string(&civil::rfc3339(*at), out),
            Self::List(items) => {
                out.push(b'[');
                for (place, item) in items.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    item.write_json(out);
                }
                out.push(b']');
            }
            Self::Map(fields) => {
                out.push(b'{');
                for (place, (name, value)) in fields.iter().enumerate() {
                    if place > 0 {
                        out.push(b',');
                    }
                    write_string(name, out);
                    out.push(b':');
                    value.write_json(out);
                }
                out.push(b'}');
            }
        }
    }

    pub(crate) fn to_msgpack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write_msgpack(&mut out);
        out
    }

    fn write_msgpack(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(0xc0),
            Self::Bool(value) => out.push(0xc2 + u8::from(*value)),
            Self::Int(value) => pack_int(*value, out),
            Self::Number(value) => {
                let float: f64 = value.to_string().parse().unwrap_or(f64::NAN);
                out.push(0xcb);
                out.extend_from_slice(&float.to_be_bytes());
            }
            Self::Text(value) => pack_string(value, out),
            Self::Time(at) => {
                let seconds = at.0.div_euclid(1_000_000_000) as u64 & ((1 << 34) - 1);
                let nanos = at.0.rem_euclid(1_000_000_000) as u64;
                out.extend_from_slice(&[0xd7, 0xff]);
                out.extend_from_slice(&(nanos << 34 | seconds).to_be_bytes());
            }
            Self::List(items) => {
                pack_length(items.len(), 0x90, 0xdc, out);
                items.iter().for_each(|item| item.write_msgpack(out));
            }
            Self::Map(fields) => {
                pack_length(fields.len(), 0x80, 0xde, out);
                for (name, value) in fields {
                    pack_string(name, out);
                    value.write_msgpack(out);
                }
            }
        }
    }
}

impl From<&'static str> for Node {
    fn from(value: &'static str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

fn write_string(value: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..=0x1f => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

fn pack_int(value: i64, out: &mut Vec<u8>) {
    match value {
        0..=0x7f => out.push(value as u8),
        0x80.. => {
            out.push(0xcf);
            out.extend_from_slice(&value.to_be_bytes());
        }
        _ => {
            out.push(0xd3);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
}

fn pack_string(value: &str, out: &mut Vec<u8>) {
    let length = value.len();
    match length {
        0..=31 => out.push(0xa0 | length as u8),
        32..=0xff => out.extend_from_slice(&[0xd9, length as u8]),
        _ => {
            out.push(0xda);
            out.extend_from_slice(&(length.min(0xffff) as u16).to_be_bytes());
        }
    }
    out.extend_from_slice(&value.as_bytes()[..length.min(0xffff)]);
}

fn pack_length(length: usize, short: u8, long: u8, out: &mut Vec<u8>) {
    match length {
        0..=15 => out.push(short | length as u8),
        16..=0xffff => {
            out.push(long);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(long + 1);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The frame that the unmodified SDK was seen to accept for one stock trade.
    #[test]
    fn a_trade_is_packed_to_the_bytes_that_the_sdk_reads() {
        let trade = Node::List(vec![Node::map([
            ("T", "t".into()),
            ("S", "AAPL".into()),
            ("i", Node::Int(52_983_525_029_461)),
            ("x", "V".into()),
            ("p", Node::Number(Decimal::parse("190").unwrap())),
            ("s", Node::Int(100)),
            ("c", Node::List(vec!["@".into()])),
            ("t", Node::Time(UnixNanos(1_795_186_800_123_456_789))),
            ("z", "C".into()),
        ])]);
        assert_eq!(
            hex(&trade.to_msgpack()),
            "9189a154a174a153a44141504ca169cf0000303030303655a178a156a170cb4067c00000000000\
             a17364a16391a140a174d7ff1d6f34546b006070a17aa143"
        );
    }

    #[test]
    fn json_escapes_and_keeps_exact_numbers() {
        let node = Node::map([
            ("a", Node::text("q\"\\\n")),
            ("b", Node::Number(Decimal::parse("0.00001").unwrap())),
            ("c", Node::Time(UnixNanos(1_795_186_800_100_000_000))),
            ("d", Node::List(vec![Node::Null, Node::Bool(true)])),
        ]);
        assert_eq!(
            String::from_utf8(node.to_json()).unwrap(),
            r#"{"a":"q\"\\\u000a","b":0.00001,"c":"2026-11-20T15:00:00.1Z","d":[null,true]}"#
        );
    }
}
