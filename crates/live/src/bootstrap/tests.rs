//! Questions that are asked again, over loopback.
#![allow(clippy::unwrap_used, reason = "a test may")]

use std::net::TcpListener;
use std::thread;

use super::*;
use crate::coinbase_key::tests as coinbase_key;
use crate::secret::Secret;

/// A venue that gives these answers, one a question; an empty one is a cut.
fn venue(answers: &'static [&'static str]) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let mut open = None;
        for answer in answers {
            let mut stream = loop {
                let accepted = || listener.accept().unwrap().0;
                let mut stream = open.take().unwrap_or_else(accepted);
                if stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                    break stream;
                }
            };
            stream.write_all(answer.as_bytes()).unwrap();
            open = (!answer.is_empty()).then_some(stream);
        }
    });
    Url::parse(&format!("http://127.0.0.1:{port}")).unwrap()
}

fn purpose(url: &Url, dialect: Dialect, key: &str, secret: &str) -> Purpose {
    let venue = VenueConfig {
        dialect,
        mode: Mode::Paper,
        trading_url: url.text(),
        account_stream_url: String::new(),
        market_stream_url: String::new(),
        key: Secret::new(key.to_string()),
        secret: Secret::new(secret.to_string()),
        channels: None,
        fractional: false,
        order_connections: 1,
        answer_timeout_ns: 1,
        tier: crate::config::Tier::Starter,
    };
    Purpose {
        venue,
        lineage: Lineage::parse("abcdefgh").unwrap(),
        state_dir: PathBuf::from("."),
    }
}

fn asked(answers: &'static [&'static str]) -> Result<(), LiveError> {
    let url = venue(answers);
    let purpose = purpose(&url, Dialect::Alpaca, "K", "S");
    Bootstrap::open(&url, None, &purpose)?
        .check_mode(Mode::Paper)
        .map(drop)
}

#[test]
fn a_lost_answer_is_asked_for_again() {
    const GOOD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n\
                        {\"account_number\":\"PA123\"}";
    const LATE: &str = "HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n";
    const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>";
    assert!(asked(&["", LATE, PAGE, GOOD]).is_ok());
}

#[test]
fn a_clock_that_goes_wrong_keeps_no_order_alive_at_coinbase() {
    const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    const TIME: &str = "HTTP/1.1 200 OK\r\nContent-Length: 31\r\n\r\n\
                        {\"epochMillis\":\"1796086800000\"}";
    const NONE: &str = "HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\n\
                        {\"orders\":[],\"cursor\":\"\",\"has_next\":false}";
    let url = venue(&[REFUSED, TIME, NONE, NONE]);
    let purpose = purpose(
        &url,
        Dialect::Coinbase,
        coinbase_key::NAME,
        coinbase_key::PKCS8_ED,
    );
    let cancelled = Bootstrap::open(&url, None, &purpose).and_then(|mut bootstrap| {
        bootstrap
            .cancel_open(&[Instrument::try_new(nameplate(Dialect::Coinbase, "BTC-USD")).unwrap()])
    });
    assert_eq!(cancelled.unwrap(), 0);
}

#[test]
fn a_refused_key_is_not_tried_again() {
    let refused = asked(&["HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"]);
    assert!(matches!(refused, Err(LiveError::Venue(_))));
}
