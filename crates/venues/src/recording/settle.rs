//! The end of a recording: names, order, judgement, rows.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;

use py_rt_types::{InstrumentId, MarketEvent};

use crate::binance::NAMELESS;
use crate::feed::books::{Books, Finding, Mode, TAKEN_BACK};
use crate::feed::grid::{Grid, LearntGrid, Precision};
use crate::feed::number::POWERS;
use crate::feed::sheet::{Message, MessageKind, Sheet, NOWHERE};
use crate::recording::Venue;

/// An instrument of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Learned {
    /// The venue's string for it.
    pub symbol: Vec<u8>,
    /// One tick.
    pub price: Precision,
    /// One lot.
    pub qty: Precision,
    /// Whether its changes name the id that they follow.
    pub chained: bool,
    /// How many snapshots of its book came.
    pub snapshots: u64,
    /// How many changes of its book came.
    pub changes: u64,
}

/// A recording, done.
#[derive(Debug, Clone, Default)]
pub struct Settled {
    /// Rows in the order of their receipt; instruments are places in `instruments`.
    pub rows: Vec<MarketEvent>,
    /// Instruments by symbol.
    pub instruments: Vec<Learned>,
    /// What broke; `place` is a place in `instruments`.
    pub findings: Vec<Finding>,
    /// What was left out, by name.
    pub skipped: BTreeMap<String, u64>,
    /// How lines were wrapped, and how many.
    pub forms: BTreeMap<&'static str, u64>,
    /// Messages of books that were not newer than the book.
    pub stale: u64,
    /// Sums that were equal.
    pub verified: u64,
    /// Changes without any level.
    pub empty: u64,
    /// Snapshots that nobody could name.
    pub nameless: u64,
    /// Whether lines came out of the order of their receipt.
    pub disorder: bool,
    /// Whether the sequence of the connections has too many holes to be judged.
    pub sequence_unjudged: bool,
}

pub(super) fn settle(
    venue: &Venue,
    mut sheet: Sheet<LearntGrid>,
    forms: &BTreeMap<&'static str, u64>,
) -> Settled {
    let mut settled = Settled {
        forms: forms.clone(),
        skipped: core::mem::take(&mut sheet.skipped),
        ..Settled::default()
    };
    settled.nameless = name_snapshots(&mut sheet);
    leave_out_aggregates(&mut sheet, &mut settled.skipped);
    fill_times(&mut sheet.messages);
    let sorted = |pair: &[Message]| matches!(pair, [a, b] if a.ts_recv <= b.ts_recv);
    settled.disorder = !sheet.messages.windows(2).all(sorted);
    if settled.disorder {
        sheet.messages.sort_by_key(|message| message.ts_recv);
    }
    settled.sequence_unjudged = has_many_holes(&sheet.messages);
    let mut books = Books::new(venue.rules(), Mode::Recorded);
    books.judge_sequence(!settled.sequence_unjudged);
    for message in &sheet.messages {
        let levels = sheet.levels.get(message.levels()).unwrap_or_default();
        if message.kind == MessageKind::Change && levels.is_empty() {
            settled.empty += 1;
        }
        books.handle_message(message, levels, &sheet.grid, &mut settled.rows);
    }
    settled.rows.retain(|row| row.kind != TAKEN_BACK);
    settled.findings = books.take_findings();
    settled.stale = books.stale();
    settled.verified = books.verified();
    name_instruments(&sheet, &mut settled);
    settled
}

/// Gives each snapshot without a symbol that of the nearest update ids; those that nobody can name
/// are left out and counted.
fn name_snapshots(sheet: &mut Sheet<LearntGrid>) -> u64 {
    let learnt = sheet.grid.learnt().iter();
    let Some(nobody) = learnt.map(|one| &*one.symbol).position(|s| s == NAMELESS) else {
        return 0;
    };
    let nobody = nobody as u32;
    let changes: Vec<(u64, u32)> = sheet
        .messages
        .iter()
        .filter(|one| one.kind == MessageKind::Change && one.place != nobody)
        .map(|one| (one.last_id, one.place))
        .collect();
    let mut lost = 0;
    for at in 0..sheet.messages.len() {
        let Some(message) = sheet.messages.get(at).copied() else {
            break;
        };
        if message.place != nobody {
            continue;
        }
        let nearest = changes
            .iter()
            .min_by_key(|(id, _)| id.abs_diff(message.last_id));
        let place = nearest.and_then(|&(_, place)| rename(sheet, &message, nobody, place));
        if place.is_none() {
            lost += 1;
        }
        if let Some(message) = sheet.messages.get_mut(at) {
            match place {
                Some(place) => message.place = place,
                None => message.kind = MessageKind::Beat,
            }
        }
    }
    lost
}

/// Brings the levels of a message from one instrument's units to another's.
fn rename(sheet: &mut Sheet<LearntGrid>, message: &Message, from: u32, to: u32) -> Option<u32> {
    use crate::feed::grid::Axis;
    for axis in [Axis::Price, Axis::Qty] {
        let own = sheet.grid.precision(from, axis).scale;
        let mut target = sheet.grid.precision(to, axis).scale;
        let levels = sheet.levels.get(message.levels())?;
        let number = |level: &crate::feed::sheet::Level| match axis {
            Axis::Price => level.price,
            Axis::Qty => level.qty,
        };
        let mut needed = own;
        while needed > target {
            let unit = *POWERS.get((own - needed + 1) as usize)?;
            if levels.iter().any(|level| number(level) % unit != 0) {
                break;
            }
            needed -= 1;
        }
        if needed > target {
            sheet.refine(to, axis, needed)?;
            target = needed;
        }
        for level in sheet.levels.get_mut(message.levels())? {
            let number = match axis {
                Axis::Price => &mut level.price,
                Axis::Qty => &mut level.qty,
            };
            *number = if target >= own {
                number.checked_mul(*POWERS.get((target - own) as usize)?)?
            } else {
                *number / *POWERS.get((own - target) as usize)?
            };
        }
    }
    Some(to)
}

/// Where trades came one by one, their sums are left out.
fn leave_out_aggregates(sheet: &mut Sheet<LearntGrid>, skipped: &mut BTreeMap<String, u64>) {
    let one_by_one = |one: &&Message| one.kind == MessageKind::Trade && !one.aggregate;
    let single: BTreeSet<u32> = sheet
        .messages
        .iter()
        .filter(one_by_one)
        .map(|one| one.place)
        .collect();
    let before = sheet.messages.len();
    sheet
        .messages
        .retain(|one| !one.aggregate || !single.contains(&one.place));
    let left_out = before - sheet.messages.len();
    if left_out > 0 {
        skipped.insert(String::from("aggTrade beside trade"), left_out as u64);
    }
}

/// Messages that nobody stamped at receipt were received when they happened, never backwards.
fn fill_times(messages: &mut [Message]) {
    let known = |one: &Message| one.ts_recv.max(one.ts_event);
    let first = messages.iter().map(known).find(|ts| ts.0 != 0);
    let mut latest = first.unwrap_or_default();
    for message in messages.iter_mut() {
        if message.ts_recv.0 == 0 {
            message.ts_recv = latest.max(message.ts_event);
        }
        latest = latest.max(message.ts_recv);
        if message.ts_event.0 == 0 && message.kind != MessageKind::Snapshot {
            message.ts_event = message.ts_recv;
        }
    }
}

/// Whether so many numbers are missing that lines were left out on purpose.
fn has_many_holes(messages: &[Message]) -> bool {
    let mut last: BTreeMap<u32, u64> = BTreeMap::new();
    let (mut steps, mut holes) = (0u64, 0u64);
    for message in messages {
        if let Some(number) = message.sequence {
            if let Some(before) = last.insert(message.conn, number) {
                steps += 1;
                holes += u64::from(number > before + 1);
            }
        }
    }
    holes >= 5 && holes * 10 > steps
}

/// Instruments that have rows, by symbol; rows and findings are renumbered.
fn name_instruments(sheet: &Sheet<LearntGrid>, settled: &mut Settled) {
    let learnt = sheet.grid.learnt();
    let mut counts = alloc::vec![(0u64, 0u64, false, false); learnt.len()];
    for message in &sheet.messages {
        if let Some(count) = counts.get_mut(message.place as usize) {
            count.0 += u64::from(message.kind == MessageKind::Snapshot);
            count.1 += u64::from(message.kind == MessageKind::Change);
            count.2 |= message.previous_id.is_some();
            count.3 |= message.kind != MessageKind::Beat;
        }
    }
    let mut order: Vec<u32> = (0..learnt.len() as u32)
        .filter(|&place| counts.get(place as usize).is_some_and(|count| count.3))
        .collect();
    let symbol = |place: u32| learnt.get(place as usize).map(|one| &one.symbol);
    order.sort_by(|&a, &b| symbol(a).cmp(&symbol(b)));
    let mut numbers = alloc::vec![NOWHERE; learnt.len()];
    for (number, &place) in order.iter().enumerate() {
        let (Some(slot), Some(one), Some(&count)) = (
            numbers.get_mut(place as usize),
            learnt.get(place as usize),
            counts.get(place as usize),
        ) else {
            continue;
        };
        *slot = number as u32;
        settled.instruments.push(Learned {
            symbol: one.symbol.clone(),
            price: one.axes[0],
            qty: one.axes[1],
            chained: count.2,
            snapshots: count.0,
            changes: count.1,
        });
    }
    let number = |place: u32| numbers.get(place as usize).copied().unwrap_or(NOWHERE);
    for row in &mut settled.rows {
        row.instrument = InstrumentId(number(row.instrument.0));
    }
    for finding in &mut settled.findings {
        finding.place = number(finding.place);
    }
}
