//! The venue on real sockets, seen by a client that knows nothing of its code.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{mpsc, Arc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use py_rt_paper::{serve, PaperConfig, PaperError, PaperInstrument, Ready, Synthetic};
use serde_json::{json, Value};
use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::{Data, OpCode};
use tungstenite::protocol::frame::Frame;
use tungstenite::{Message, WebSocket};

struct Venue {
    ready: Ready,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Result<(), PaperError>>>,
}

impl Venue {
    fn start() -> Self {
        let synthetic = Some(Synthetic {
            events_per_s: 200.0,
            ..Synthetic::default()
        });
        let config = PaperConfig {
            instruments: vec![
                PaperInstrument {
                    synthetic: synthetic.clone(),
                    ..PaperInstrument::equity("AAPL")
                },
                PaperInstrument {
                    synthetic,
                    ..PaperInstrument::crypto("BTC/USD")
                },
            ],
            seed: 7,
            ..PaperConfig::default()
        };
        let stop = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&stop);
        let (tell, told) = mpsc::sync_channel(1);
        let thread =
            std::thread::spawn(move || serve(config, move |ready| tell.send(ready).unwrap(), flag));
        let ready = told.recv_timeout(Duration::from_secs(20)).unwrap();
        Self {
            ready,
            stop,
            thread: Some(thread),
        }
    }

    fn alpaca(&self) -> &str {
        self.ready.alpaca.as_deref().unwrap()
    }

    fn address(&self) -> String {
        self.alpaca().trim_start_matches("http://").to_owned()
    }

    fn client(&self) -> Client {
        Client::connect(&self.address(), &self.ready)
    }

    fn stream(&self, path: &str, content: Option<&str>) -> WebSocket<TcpStream> {
        let url = format!("ws://{}{path}", self.address());
        let mut request = url.into_client_request().unwrap();
        if let Some(content) = content {
            request
                .headers_mut()
                .insert("content-type", content.parse().unwrap());
        }
        let socket = TcpStream::connect(self.address()).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        tungstenite::client(request, socket).unwrap().0
    }
}

impl Drop for Venue {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap().unwrap();
        }
    }
}

/// A connection that stays open and speaks just enough HTTP.
struct Client {
    socket: TcpStream,
    keys: String,
}

impl Client {
    fn connect(address: &str, ready: &Ready) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let keys = format!(
            "APCA-API-KEY-ID: {}\r\nAPCA-API-SECRET-KEY: {}\r\n",
            ready.key, ready.secret
        );
        Self { socket, keys }
    }

    fn call(&mut self, method: &str, path: &str, body: &str) -> (u16, String, Value) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: venue\r\n{}Content-Length: {}\r\n\r\n{body}",
            self.keys,
            body.len()
        );
        self.socket.write_all(request.as_bytes()).unwrap();
        let mut seen = Vec::new();
        let mut chunk = [0u8; 65536];
        loop {
            let read = self.socket.read(&mut chunk).unwrap();
            assert!(read > 0, "the venue closed the connection");
            seen.extend_from_slice(&chunk[..read]);
            let text = String::from_utf8_lossy(&seen);
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                continue;
            };
            let head = head.to_ascii_lowercase();
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if body.len() >= length {
                let status = head.split(' ').nth(1).unwrap().parse().unwrap();
                let body = serde_json::from_str(body).unwrap_or(Value::Null);
                return (status, head, body);
            }
        }
    }
}

fn limit_order(price: &str) -> String {
    json!({"symbol": "AAPL", "side": "buy", "qty": "1", "type": "limit", "limit_price": price,
           "time_in_force": "gtc"})
    .to_string()
}

fn text_of(message: &Message) -> Value {
    serde_json::from_slice(&message.clone().into_data()).unwrap()
}

#[test]
fn an_order_goes_its_way_over_http() {
    let venue = Venue::start();
    let mut client = venue.client();
    let (status, head, order) = client.call("POST", "/v2/orders", &limit_order("50"));
    assert_eq!(status, 200, "{order}");
    assert!(head.contains("x-ratelimit-remaining: ") && head.contains("application/json"));
    let path = format!("/v2/orders/{}", order["id"].as_str().unwrap());
    assert_eq!(client.call("GET", &path, "").2["status"], "new");
    assert_eq!(client.call("DELETE", &path, "").0, 204);
    assert_eq!(client.call("GET", &path, "").2["status"], "canceled");
    let asset = client.call("GET", "/v2/assets/BTC/USD", "").2;
    assert_eq!(asset, client.call("GET", "/v2/assets/BTC%2FUSD", "").2);
    client.keys.clear();
    assert_eq!(client.call("GET", "/v2/account", "").0, 401);
    let quotes = "/v1beta3/crypto/us/latest/quotes?symbols=BTC/USD";
    assert_eq!(client.call("GET", quotes, "").0, 200);
    let admin = venue.ready.admin.trim_start_matches("http://").to_owned();
    let mut admin = Client::connect(&admin, &venue.ready);
    let (status, _, ledger) = admin.call("GET", "/admin/ledger", "");
    assert_eq!(
        (status, ledger["orders"].as_array().unwrap().len()),
        (200, 1)
    );
    assert_eq!(admin.call("GET", "/admin/health", "").2["status"], "ok");
    assert_eq!(admin.call("GET", "/v2/orders", "").0, 404);
}

#[test]
fn garbage_is_refused_and_harms_nobody() {
    let venue = Venue::start();
    let mut client = venue.client();
    for body in [
        "{",
        "[1,2]",
        "{\"symbol\":{}}",
        "{\"symbol\":\"AAPL\",\"qty\":1e999}",
        "\u{0}",
    ] {
        let (status, _, answer) = client.call("POST", "/v2/orders", body);
        assert_eq!(
            (status, &answer["code"]),
            (422, &json!(40_010_001)),
            "{body}"
        );
    }
    for path in ["/", "/v2", "/v2/orders/%zz", "/v9/orders", "/v2/assets/%ff"] {
        assert_eq!(client.call("GET", path, "").0, 404, "{path}");
    }
    let mut stream = venue.stream("/v2/iex", None);
    stream.read().unwrap();
    for bytes in [&b"\xff\xfe"[..], b"{", b"[]", b"{\"action\":1}"] {
        stream.send(Message::Binary(bytes.to_vec().into())).unwrap();
        assert_eq!(text_of(&stream.read().unwrap())[0]["code"], 400);
    }
    assert_eq!(client.call("GET", "/v2/account", "").0, 200);
}

#[test]
fn the_account_stream_speaks_json_in_binary_frames() {
    let venue = Venue::start();
    let mut stream = venue.stream("/stream", None);
    let (key, secret) = (&venue.ready.key, &venue.ready.secret);
    let say = |stream: &mut WebSocket<TcpStream>, message: Value| {
        stream.send(Message::text(message.to_string())).unwrap();
        stream.read().unwrap()
    };
    let listen = json!({"action": "listen", "data": {"streams": ["trade_updates"]}});
    let answer = say(&mut stream, listen.clone());
    assert!(matches!(answer, Message::Binary(_)));
    assert_eq!(text_of(&answer)["data"]["status"], "unauthorized");
    let answer = say(
        &mut stream,
        json!({"action": "auth", "key": key, "secret": "wrong"}),
    );
    assert_eq!(
        text_of(&answer)["data"]["message"],
        "access key verification failed"
    );
    let answer = say(
        &mut stream,
        json!({"action": "auth", "key": key, "secret": secret}),
    );
    assert_eq!(text_of(&answer)["data"]["status"], "authorized");
    assert_eq!(text_of(&say(&mut stream, listen))["stream"], "listening");
    let order = venue
        .client()
        .call("POST", "/v2/orders", &limit_order("50"))
        .2;
    let update = text_of(&stream.read().unwrap());
    assert_eq!(update["data"]["event"], "new");
    assert_eq!(update["data"]["order"]["id"], order["id"]);
    for (name, value) in order.as_object().unwrap() {
        let kind = update["data"]["order"][name].is_null();
        assert_eq!(value.is_null(), kind, "{name} is in both");
    }
}

#[test]
fn a_subscription_in_pieces_is_put_together() {
    let venue = Venue::start();
    let mut stream = venue.stream("/v1beta3/crypto/us", None);
    assert_eq!(text_of(&stream.read().unwrap())[0]["msg"], "connected");
    let (key, secret) = (&venue.ready.key, &venue.ready.secret);
    let auth = json!({"action": "auth", "key": key, "secret": secret});
    stream.send(Message::text(auth.to_string())).unwrap();
    assert_eq!(text_of(&stream.read().unwrap())[0]["msg"], "authenticated");
    let subscribe = json!({"action": "subscribe", "orderbooks": ["BTC/USD"]}).to_string();
    let (first, second) = subscribe.as_bytes().split_at(20);
    for (piece, code, last) in [(first, Data::Text, false), (second, Data::Continue, true)] {
        let frame = Frame::message(piece.to_vec(), OpCode::Data(code), last);
        stream.send(Message::Frame(frame)).unwrap();
    }
    let answer = text_of(&stream.read().unwrap());
    assert_eq!(answer[0]["orderbooks"], json!(["BTC/USD"]));
    let book = text_of(&stream.read().unwrap());
    assert_eq!((&book[0]["T"], &book[0]["r"]), (&json!("o"), &json!(true)));
    let change = text_of(&stream.read().unwrap());
    assert_eq!(
        (&change[0]["T"], &change[0]["r"]),
        (&json!("o"), &Value::Null)
    );
}

#[test]
fn market_data_is_packed_where_the_upgrade_asks_for_it() {
    let venue = Venue::start();
    let mut stream = venue.stream("/v2/sip", Some("application/msgpack"));
    let connected: &[u8] = b"\x91\x82\xa1T\xa7success\xa3msg\xa9connected";
    assert_eq!(stream.read().unwrap().into_data(), connected);
}

#[test]
fn answers_come_at_once() {
    let venue = Venue::start();
    let mut client = venue.client();
    let mut took: Vec<Duration> = (0..300)
        .map(|_| {
            let began = Instant::now();
            client.call("POST", "/v2/orders", &limit_order("50"));
            began.elapsed()
        })
        .collect();
    took.sort();
    println!(
        "POST /v2/orders over loopback: p50 {:?}, p99 {:?}",
        took[150], took[297]
    );
    assert!(took[150] < Duration::from_millis(5), "p50 {:?}", took[150]);
}

#[test]
fn other_machines_are_kept_out_unless_asked_for() {
    let config = PaperConfig {
        instruments: vec![PaperInstrument {
            synthetic: Some(Synthetic::default()),
            ..PaperInstrument::equity("AAPL")
        }],
        host: "0.0.0.0".parse().unwrap(),
        ..PaperConfig::default()
    };
    let outcome = serve(
        config,
        |_| panic!("it listens"),
        Arc::new(AtomicBool::new(true)),
    );
    assert!(matches!(outcome, Err(PaperError::NotLoopback { .. })));
}
