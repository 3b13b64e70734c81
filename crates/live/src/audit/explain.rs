//! The whole story of one order, from the journal.
//!
//! What was sent and received stands there. What the kernel decided in between (the market it saw,
//! the callback that asked, each check with its limit and value, the state after each message) is
//! derived again: the session is replayed with the kernel's own code, and what comes out is
//! compared with the journal on the way.

use std::path::{Path, PathBuf};

use py_rt_kernel::journal::{Decision, Entry, Header, OwnedInput};
use py_rt_kernel::Strategy;
use py_rt_types::{Query, Report};

use super::fields::Field;
use super::find_journal;
use super::spelling::Spelling;
use super::witness::{Calls, Witness};
use crate::error::LiveError;
use crate::journal::segment::{segment_path, sessions};
use crate::journal::JournalReader;
use crate::recovery::replay_watched;

mod narrator;

use narrator::Narrator;

/// Ids that are named when nothing fits.
const NEAR: usize = 3;

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    /// The record with which it happened.
    pub sequence: u64,
    /// When, in nanoseconds UTC.
    pub time: i64,
    /// What: `market book input callback check sent received state execution`.
    pub what: &'static str,
    /// What is to be said of it.
    pub fields: Vec<Field>,
}

/// The story of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Story {
    /// Its id.
    pub client_order_id: String,
    /// The venue's id of it, once known.
    pub venue_order_id: Option<String>,
    /// The session in which it was made.
    pub session: u64,
    /// The strategy that asked for it.
    pub strategy: String,
    /// What happened, in order.
    pub moments: Vec<Moment>,
    /// Its last state; `None` where the journal has nothing of it.
    pub status: Option<&'static str>,
    /// Whether it can change any more.
    pub is_closed: bool,
    /// Where the code of now decides other than the session did: from there on the story is what
    /// the journal says, and no checks are known.
    pub divergence: Option<String>,
}

/// The story of the order with this client or venue order id, or the one whose id begins so.
/// `make` makes the strategy of a session.
///
/// # Errors
/// [`LiveError::Config`] when no order or several fit, naming near ones; [`LiveError::Journal`]
/// when the journal cannot be read.
pub fn explain<S: Strategy>(
    path: &Path,
    wanted: &str,
    mut make: impl FnMut(&Header) -> S,
) -> Result<Story, LiveError> {
    let (folder, file) = find_journal(path)?;
    let firsts = match &file {
        Some(file) => vec![file.clone()],
        None => sessions(&folder)?
            .into_iter()
            .map(|number| segment_path(&folder, number))
            .collect(),
    };
    let (found, known) = resolve(&firsts, wanted)?;
    let mut story: Option<Story> = None;
    for path in &firsts[found.place..] {
        let mut reader = JournalReader::open(path)?;
        let calls = Calls::default();
        let mut narrator = Narrator::new(found.sequence, calls.clone());
        let mut watched = |header: &Header| {
            narrator_header(&mut story, &found, header);
            Witness {
                inner: make(header),
                calls: calls.clone(),
            }
        };
        let Some(replayed) = replay_watched(&mut reader, &mut watched, &mut narrator)? else {
            break;
        };
        let Some(story) = &mut story else {
            break;
        };
        story.divergence = replayed
            .divergence
            .map(|found| format!("at record {} {}", found.record, found.what));
        narrator.tell(story);
        if story.is_closed || story.divergence.is_some() {
            break;
        }
    }
    story
        .filter(|story| !story.moments.is_empty())
        .ok_or_else(|| unknown(&known, wanted))
}

fn narrator_header(story: &mut Option<Story>, found: &Found, header: &Header) {
    story.get_or_insert_with(|| Story {
        client_order_id: found.id.clone(),
        venue_order_id: None,
        session: header.session,
        strategy: header.strategy.clone(),
        moments: Vec::new(),
        status: None,
        is_closed: false,
        divergence: None,
    });
}

/// The order that is meant, and which of the sessions made it.
struct Found {
    place: usize,
    sequence: u64,
    id: String,
}

/// An id in the journal: of which session, and the number of the order.
struct Known {
    text: String,
    place: usize,
    sequence: u64,
}

fn resolve(sessions: &[PathBuf], wanted: &str) -> Result<(Found, Vec<Known>), LiveError> {
    let mut known = Vec::new();
    let mut spans = Vec::new();
    for (place, path) in sessions.iter().enumerate() {
        let mut reader = JournalReader::open(path)?;
        let mut spelling = None;
        while let Some(record) = reader.next_record()? {
            if let Entry::Header(header) = &record.entry {
                spelling = Some(Spelling::new(header));
                spans.push((place, header.first_sequence, header.lineage.clone()));
            }
            if let Some(spelling) = &spelling {
                note_ids(&mut known, place, spelling, &record.entry);
            }
        }
    }
    // An order that was refused here was never sent: only its number says when it was asked for.
    if let Some(found) = own_id(&spans, wanted) {
        return Ok((found, known));
    }
    let exact = known.iter().find(|one| one.text == wanted);
    let mut fits: Vec<&Known> = match exact {
        Some(one) => vec![one],
        None => known
            .iter()
            .filter(|one| one.text.starts_with(wanted))
            .collect(),
    };
    fits.sort_by_key(|one| one.sequence);
    fits.dedup_by_key(|one| one.sequence);
    match fits[..] {
        [one] if !wanted.is_empty() => {
            let lineage = spans.first().map_or("", |span| &span.2);
            let place = made_in(&spans, one.sequence).unwrap_or(one.place);
            let found = Found {
                place,
                sequence: one.sequence,
                id: format!("rt-{lineage}-{}", one.sequence),
            };
            Ok((found, known))
        }
        [] => Err(unknown(&known, wanted)),
        _ => {
            let some: Vec<&str> = fits.iter().take(NEAR).map(|one| &*one.text).collect();
            Err(LiveError::Config(format!(
                "{} orders begin with `{wanted}`: write more of the id, such as {}",
                fits.len(),
                some.join(", ")
            )))
        }
    }
}

type Span = (usize, u64, String);

/// The session whose ids begin at or below this one.
fn made_in(spans: &[Span], sequence: u64) -> Option<usize> {
    let below = spans.iter().rev().find(|span| span.1 <= sequence);
    below.map(|span| span.0)
}

/// An id of ours, written whole.
fn own_id(spans: &[Span], wanted: &str) -> Option<Found> {
    let lineage = py_rt_venues::Lineage::parse(&spans.first()?.2)?;
    let id = lineage.decode_id(wanted.as_bytes());
    if id == py_rt_types::ClientOrderId::FOREIGN {
        return None;
    }
    let place = made_in(spans, id.sequence)?;
    let plain = py_rt_types::ClientOrderId::new(id.sequence);
    let mut text = Vec::new();
    lineage.encode_id(plain, &mut text);
    Some(Found {
        place,
        sequence: id.sequence,
        id: String::from_utf8_lossy(&text).into_owned(),
    })
}

fn note_ids(known: &mut Vec<Known>, place: usize, spelling: &Spelling, entry: &Entry) {
    match entry {
        Entry::Decision(_, Decision::New(order)) => known.push(Known {
            text: spelling.order_id(order.client_order_id),
            place,
            sequence: order.client_order_id.sequence,
        }),
        Entry::Input(_, OwnedInput::Report(report)) if is_named(report) => {
            let text = spelling.venue_id_text(report.venue_order_id);
            if known.last().is_none_or(|last| last.text != text) {
                known.push(Known {
                    text,
                    place,
                    sequence: report.client_order_id.sequence,
                });
            }
        }
        _ => {}
    }
}

fn is_named(report: &Report) -> bool {
    report.venue_order_id.0 != 0 && report.client_order_id != py_rt_types::ClientOrderId::FOREIGN
}

fn unknown(known: &[Known], wanted: &str) -> LiveError {
    let mut near: Vec<(usize, &str)> = known
        .iter()
        .map(|one| (distance(wanted, &one.text), &*one.text))
        .collect();
    near.sort_unstable();
    near.dedup();
    let near: Vec<&str> = near.into_iter().take(NEAR).map(|(_, text)| text).collect();
    let near = match near[..] {
        [] => "the journal has no order".to_string(),
        _ => format!("near ones are {}", near.join(", ")),
    };
    LiveError::Config(format!(
        "there is no order `{wanted}` in the journal: {near}"
    ))
}

/// How many letters must be changed, added or taken out (Levenshtein 1966).
fn distance(one: &str, other: &str) -> usize {
    let other = other.as_bytes();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = at + 1;
        for (to, same) in other.iter().enumerate() {
            let changed = corner + usize::from(*same != letter);
            corner = row[to + 1];
            row[to + 1] = changed.min(corner + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}

/// Whether a decision is about the order.
fn concerns(decision: &Decision, sequence: u64) -> bool {
    let id = match decision {
        Decision::New(order) => order.client_order_id,
        Decision::Replace(order) => order.client_order_id,
        Decision::Cancel(order) => order.client_order_id,
        Decision::Query(Query::Order {
            client_order_id, ..
        }) => *client_order_id,
        Decision::Query(_) => return false,
    };
    id.sequence == sequence
}
