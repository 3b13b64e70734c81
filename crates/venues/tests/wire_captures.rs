//! Packet captures of the venues themselves, when they lie beside the repository: every message
//! decodes, has the length of its type, and says what the capture is named after.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use py_rt_types::{EventKind, MarketEvent, UnixNanos};
use py_rt_venues::framing::blocks::{cut_soup, Soup};
use py_rt_venues::framing::mold::Sequence;
use py_rt_venues::framing::{Capture, Transport};
use py_rt_venues::iex::{is_iex, IexFile};
use py_rt_venues::itch::{ItchFile, ItchFraming, ItchRows, Message};
use py_rt_venues::ouch::{optional_fields, FromMember, FromVenue};
use py_rt_venues::wire::trimmed;

fn captures(folder: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/itch_wire");
    let mut found: Vec<PathBuf> = fs::read_dir(root.join(folder))
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default();
    if found.is_empty() {
        eprintln!("skipped: there is no {folder}");
    }
    found.sort();
    let read = |path: PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    };
    found.into_iter().map(read).collect()
}

fn payloads(bytes: &[u8], wanted: Transport, mut visit: impl FnMut(&[u8])) {
    let (mut capture, mut at) = (Capture::new(), 0);
    while at < bytes.len() {
        let (packet, used) = capture.cut(&bytes[at..]).unwrap();
        if let Some(packet) = packet.filter(|packet| packet.transport == wanted) {
            let start = at + packet.offset;
            assert_eq!(&bytes[start..start + packet.payload.len()], packet.payload);
            visit(packet.payload);
        }
        at += used;
    }
}

const ITCH: [&str; 2] = [
    "Nasdaq/Nasdaq.Equities.TotalView.Itch.v5.0",
    "Nasdaq/Nasdaq.Equities.TotalView.Itch.v5.0.20230822",
];

#[test]
fn the_itch_captures_hold_what_their_notes_say() {
    let mut by_type: BTreeMap<char, usize> = BTreeMap::new();
    let mut prices: Vec<(String, u32)> = Vec::new();
    let mut files = 0;
    for folder in ITCH {
        for (name, bytes) in captures(folder) {
            files += 1;
            payloads(&bytes, Transport::Udp, |payload| {
                let mold = Sequence::default().handle_packet(payload).unwrap();
                mold.visit(|message, _| {
                    *by_type.entry(char::from(message[0])).or_default() += 1;
                    if let Message::AddOrder { stock, price, .. } = Message::decode(message)? {
                        let symbol = String::from_utf8_lossy(trimmed(&stock)).into_owned();
                        prices.push((symbol, price));
                    }
                    Ok(())
                })
                .unwrap();
            });
            assert_eq!(
                ItchFraming::recognise(&bytes),
                Some(ItchFraming::Capture),
                "{name}"
            );
            let mut file = ItchFile::new(ItchFraming::Capture, ItchRows::new(UnixNanos(0), None));
            let mut rows = Vec::new();
            assert_eq!(
                file.handle_input(&bytes, &mut rows),
                Ok(bytes.len()),
                "{name}"
            );
            assert!(rows.iter().all(|row| row.event_kind().is_some()), "{name}");
        }
    }
    if files == 0 {
        return;
    }
    let told: Vec<(char, usize)> = by_type.into_iter().collect();
    let noted = [
        ('A', 42),
        ('C', 5),
        ('D', 7),
        ('E', 6),
        ('F', 7),
        ('H', 6),
        ('I', 6),
        ('J', 5),
        ('L', 6),
        ('P', 5),
        ('Q', 5),
        ('S', 1),
        ('U', 6),
        ('X', 5),
        ('Y', 5),
    ];
    assert_eq!(told, noted);
    for known in [("IVOO", 873_900), ("META", 805_200)] {
        assert!(
            prices.contains(&(known.0.to_owned(), known.1)),
            "{known:?} of {prices:?}"
        );
    }
}

fn iex(bytes: &[u8]) -> (Vec<MarketEvent>, IexFile) {
    assert!(is_iex(bytes));
    let (mut file, mut rows) = (IexFile::new(None), Vec::new());
    assert_eq!(file.handle_input(bytes, &mut rows), Ok(bytes.len()));
    (rows, file)
}

#[test]
fn the_iex_captures_hold_what_their_names_say() {
    for (name, bytes) in captures("Iex/Deep.IexTp.v1.0") {
        let (rows, file) = iex(&bytes);
        if name == "Heartbeat" {
            assert!(rows.is_empty());
            continue;
        }
        let side = if name.contains("Buy") { 1 } else { -1 };
        assert_eq!((rows.len(), rows[0].side), (1, side), "{name}");
        assert_eq!(rows[0].kind, EventKind::Depth as u8);
        assert_eq!(file.counts().missed, 0);
    }
    for (name, bytes) in captures("Iex/DeepPlus.IexTp.1.0.2") {
        let (rows, file) = iex(&bytes);
        let Some((letter, _)) = name.split_once('_').filter(|(letter, _)| letter.len() == 1) else {
            assert_eq!(name, "all_message_types");
            let types: String = file
                .counts()
                .by_type
                .keys()
                .map(|k| char::from(*k))
                .collect();
            assert_eq!(types, "BDEHILMOPRSTa");
            continue;
        };
        let kinds: Vec<u8> = file.counts().by_type.keys().copied().collect();
        assert!(kinds.contains(&letter.as_bytes()[0]), "{name}: {kinds:?}");
        if letter == "a" {
            let symbols: Vec<String> = file.symbols().collect();
            assert_eq!(symbols, ["IBKR"]);
            assert_eq!((rows[0].qty.0, rows[0].price.0), (100, 1_365_000));
        }
    }
}

#[test]
fn the_ouch_captures_hold_what_their_names_say() {
    for (name, bytes) in captures("Nasdaq/Nasdaq.Nsm.Ouch.v5.0") {
        let mut packets = 0;
        payloads(&bytes, Transport::Tcp, |payload| {
            packets += 1;
            let (packet, used) = cut_soup(payload).unwrap();
            assert_eq!(used, payload.len(), "{name}");
            let data = match packet {
                Soup::Data(data) => data,
                other => {
                    return assert_eq!((other, name.contains("Heartbeat")), (Soup::Heartbeat, true))
                }
            };
            match (name.as_str(), payload[2]) {
                ("EnterOrderMessage", b'U') => {
                    let FromMember::Enter {
                        symbol,
                        qty,
                        price,
                        side,
                        optional,
                        ..
                    } = FromMember::decode(data).unwrap()
                    else {
                        panic!("{name}")
                    };
                    assert_eq!(
                        (trimmed(&symbol), qty, price, side),
                        (&b"CVLT"[..], 225, 630_200, b'T')
                    );
                    let mut fields = Vec::new();
                    optional_fields(optional, |tag, value| fields.push((tag, value.to_vec())))
                        .unwrap();
                    assert_eq!(fields, [(2, b"LIME".to_vec())]);
                }
                ("CancelOrderMessage", b'U') => {
                    let cancel = FromMember::Cancel {
                        reference: 7_679_601,
                        qty: 0,
                    };
                    assert_eq!(FromMember::decode(data), Ok(cancel));
                }
                ("CanceledMessage", b'S') => {
                    let FromVenue::Canceled { qty, reason, .. } = FromVenue::decode(data).unwrap()
                    else {
                        panic!("{name}")
                    };
                    assert_eq!((qty, reason), (40, b'U'));
                }
                ("OrderAcceptedMessage", b'S') => {
                    let FromVenue::Accepted {
                        symbol,
                        qty,
                        price,
                        side,
                        state,
                        ..
                    } = FromVenue::decode(data).unwrap()
                    else {
                        panic!("{name}")
                    };
                    assert_eq!(
                        (trimmed(&symbol), qty, price),
                        (&b"ADBE"[..], 40, 4_777_800)
                    );
                    assert_eq!((side, state), (b'B', b'L'));
                }
                other => panic!("{other:?}"),
            }
        });
        assert_eq!(packets, 1, "{name}");
    }
}
