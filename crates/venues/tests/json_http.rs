//! The scanner and the response reader: grammar, limits, pieces.
#![allow(clippy::unwrap_used, clippy::panic)]

use py_rt_venues::http::{ResponseReader, BODY_MAX};
use py_rt_venues::json::{Scalar, Scanner, MAX_DEPTH};
use py_rt_venues::DecodeError;

fn check(json: &str) -> Result<(), DecodeError> {
    let mut scanner = Scanner::new(json.as_bytes());
    scanner.skip()?;
    scanner.finish()
}

#[test]
fn the_grammar_is_the_rfc_one() {
    let good = [
        "{}",
        "[]",
        " [ 1 , -0 , 0.5 , 1e9 , 2.5E-3 ] ",
        "\"\"",
        "null",
        "true",
        "false",
        r#"{"a":{"b":[{},[],"x"]},"c":null}"#,
        r#""\u00e9\n""#,
        "0",
        "-1",
        r#"{"escaped\u0041":1}"#,
        "\"\u{e9}\"",
    ];
    for json in good {
        assert_eq!(check(json), Ok(()), "{json}");
    }
    let bad = [
        "{,}",
        "[1,]",
        "[,1]",
        "{\"a\":1,}",
        "{\"a\" 1}",
        "{a:1}",
        "[1 2]",
        "01",
        "-a",
        "1.a",
        ".5",
        "+1",
        "NaN",
        "Infinity",
        "-Infinity",
        "nul!",
        "\"\u{1}\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "{}{}",
        "[}",
        "{]",
        "[1}",
        "]",
        "1e+x",
        "'a'",
        "[\"a\":1]",
        "tru]",
    ];
    for json in bad {
        assert!(
            matches!(check(json), Err(DecodeError::Malformed(_))),
            "{json}"
        );
    }
}

#[test]
fn every_beginning_of_a_message_is_incomplete() {
    let json = r#"{"a":[1.5e3,{"b":"x\u0041y"},null,true],"long string":"0123456789 0123456789"}"#;
    for end in 0..json.len() {
        assert_eq!(
            check(&json[..end]),
            Err(DecodeError::Incomplete),
            "{}",
            &json[..end]
        );
    }
}

#[test]
fn depth_is_limited_and_never_recursive() {
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    assert_eq!(check(&deep(MAX_DEPTH as usize)), Ok(()));
    assert!(matches!(
        check(&deep(MAX_DEPTH as usize + 1)),
        Err(DecodeError::Malformed(_))
    ));
    assert!(check(&"[".repeat(1_000_000)).is_err());
    assert!(check(&"{\"a\":".repeat(1_000_000)).is_err());
}

#[test]
fn names_in_disguise_are_refused_and_misuse_is_an_error() {
    let mut scanner = Scanner::new(br#"{"\u0070":1}"#);
    scanner.begin_object().unwrap();
    assert!(scanner.next_key().is_err());
    let mut scanner = Scanner::new(b"[1]");
    scanner.begin_array().unwrap();
    assert!(scanner.next_key().is_err());
    assert_eq!(
        Scanner::new(b" 1.50 ").scalar(),
        Ok(Scalar::Number(b"1.50"))
    );
}

type Seen = Vec<(u16, bool, Vec<u8>)>;

fn read_all(pieces: &[&[u8]], close: bool) -> Result<Seen, DecodeError> {
    let mut reader = ResponseReader::new(BODY_MAX);
    let mut seen = Vec::new();
    for piece in pieces {
        reader.handle_input(piece);
        while let Some(response) = reader.poll_response()? {
            seen.push((response.status, response.keep_alive, response.body.to_vec()));
        }
    }
    if close {
        reader.handle_close();
        while let Some(response) = reader.poll_response()? {
            seen.push((response.status, response.keep_alive, response.body.to_vec()));
        }
    }
    Ok(seen)
}

const STREAM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n\
    HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}\
    HTTP/1.1 204 No Content\r\nX-RateLimit-Remaining: 7\r\n\r\n\
    HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n\
    A;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n\
    HTTP/1.1 404\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

#[test]
fn responses_come_out_alike_however_they_are_cut() {
    let expected: Seen = vec![
        (200, true, b"{}".to_vec()),
        (204, true, Vec::new()),
        (200, true, b"abc0123456789".to_vec()),
        (404, false, Vec::new()),
    ];
    assert_eq!(read_all(&[STREAM], false), Ok(expected.clone()));
    for cut in 0..STREAM.len() {
        let (a, b) = STREAM.split_at(cut);
        assert_eq!(
            read_all(&[a, b], false),
            Ok(expected.clone()),
            "cut at {cut}"
        );
    }
    let bytes: Vec<&[u8]> = STREAM.chunks(1).collect();
    assert_eq!(read_all(&bytes, false), Ok(expected));
}

#[test]
fn headers_are_found_in_any_case() {
    let mut reader = ResponseReader::new(BODY_MAX);
    reader.handle_input(b"HTTP/1.0 429 X\r\nRetry-After:  3 \r\nContent-Length: 1\r\n\r\nx");
    let response = reader.poll_response().unwrap().unwrap();
    assert_eq!(response.header("retry-after"), Some(&b"3"[..]));
    assert_eq!(response.header("absent"), None);
    assert!(!response.keep_alive);
}

#[test]
fn a_body_without_length_ends_with_the_connection() {
    let head = b"HTTP/1.1 200 OK\r\n\r\nab";
    assert_eq!(read_all(&[head], false), Ok(vec![]));
    assert_eq!(
        read_all(&[head], true),
        Ok(vec![(200, false, b"ab".to_vec())])
    );
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab";
    assert_eq!(read_all(&[half], true), Err(DecodeError::Incomplete));
}

#[test]
fn what_is_no_response_is_refused() {
    let bad: [&[u8]; 12] = [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 2000\r\n\r\n",
        b"HTTP/1.1 099 X\r\n\r\n",
        b"<html>\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n",
    ];
    for bytes in bad {
        let result = read_all(&[bytes], false);
        let text = String::from_utf8_lossy(bytes);
        assert!(
            matches!(result, Err(DecodeError::Malformed(_))),
            "{text}: {result:?}"
        );
    }
    let endless = [b'a'; 20_000];
    assert!(read_all(&[b"HTTP/1.1 200 OK\r\nA: ", &endless], false).is_err());
}
