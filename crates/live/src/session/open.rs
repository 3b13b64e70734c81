//! Opening a session: a new segment with the books of the last one, or the last one replayed.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use py_rt_kernel::input::Person;
use py_rt_kernel::journal::{Entry, Header, Totals};
use py_rt_kernel::{Event, Kernel, KernelConfig, Session, Snapshot, Strategy};
use py_rt_types::{Instrument, InstrumentId, Money, UnixNanos};

use super::is_strict;
use crate::config::LiveConfig;
use crate::direct::used_directly;
use crate::error::LiveError;
use crate::journal::frame::Chain;
use crate::journal::segment::segments;
use crate::journal::{remove_old, FileTape, Journal, JournalReader, Place, Tape};
use crate::recovery::{last_books, replay, Divergence, Ending, Replayed};
use crate::state::StateDir;
use crate::store::lease::Lease;
use crate::store::{books_of, names_of, Ledger, Store, StoreWriter};

/// A session that is ready to be driven.
#[derive(Debug)]
pub struct Opened<S, J> {
    /// The kernel, with the books of before.
    pub kernel: Kernel<S>,
    /// The journal, its header synced.
    pub journal: Journal<J>,
    /// The tables.
    pub store: Option<Store>,
    /// The instruments of the run.
    pub instruments: Vec<Instrument>,
    /// The segment.
    pub segment: PathBuf,
    /// What happened before, in this session and in those before it.
    pub totals: Totals,
    /// Inputs that were replayed.
    pub from_journal: u64,
    /// Fed first: that there was a life before.
    pub restarted: Option<Session>,
    /// Whether the strategy has still to be started.
    pub starts: bool,
    /// Whether this session was being stopped when its last life ended: end it, then open anew.
    pub ending: bool,
    /// Whether the account is ours; without one nobody asks.
    pub lease: Option<Arc<Lease>>,
    /// Lines for the log.
    pub notices: Vec<String>,
    /// Who allowed limits that are looser than those of the session before.
    pub loosened_by: Option<Person>,
}

impl<S: Strategy, J: Tape> Opened<S, J> {
    /// Whether nothing of ours works at the venue, as far as the books know.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.starts && self.kernel.orders().open().is_empty()
    }

    /// Whether nothing is held, as far as the books know.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        let mut held = self.kernel.portfolio().positions().iter();
        held.all(|position| position.qty.0 == 0)
    }
}

type Fetch<'a> = &'a mut dyn FnMut() -> Result<Vec<Instrument>, LiveError>;
type Make<'a, S> = &'a mut dyn FnMut(&[Instrument]) -> S;

/// Opens the next session of a state directory, or goes on with the one that did not end.
///
/// `fetch` asks the venue for the instruments and is called for a new session only; `tape` may
/// wrap the file that is written to.
///
/// # Errors
/// [`LiveError::Config`] when code, parameters or instruments do not fit what was left,
/// [`LiveError::Journal`] when the files cannot be used, and what `fetch` says.
pub fn open_session<S: Strategy, J: Tape>(
    config: &LiveConfig,
    state: &StateDir,
    now: UnixNanos,
    fetch: Fetch<'_>,
    make: Make<'_, S>,
    tape: impl FnOnce(FileTape) -> J,
) -> Result<Opened<S, J>, LiveError> {
    let mut scene = Scene {
        config,
        state,
        now,
        unfinished: Vec::new(),
    };
    for number in segments(&state.journal())?.into_iter().rev() {
        let path = state.segment(number);
        let mut reader = JournalReader::open(&path)?;
        let first = reader.next_record()?.map(|record| record.entry);
        let Some(Entry::Header(header)) = first else {
            // Nothing is sent before the header, or the head of a later segment, is synced: nothing
            // is lost with this file.
            scene.unfinished.push(path);
            continue;
        };
        if let Some(books) = last_books(&path)? {
            return begin(&scene, number + 1, Some(books), fetch, make, tape);
        }
        check_unchanged(config, &header, &path)?;
        return resume(&scene, &path, make, tape);
    }
    begin(&scene, 1, None, fetch, make, tape)
}

fn open_tables(
    config: &LiveConfig,
    state: &StateDir,
    list: &[Instrument],
) -> Result<StoreWriter, LiveError> {
    let ledger = Ledger {
        strategy: config.strategy.clone(),
        names: names_of(&config.strategies),
        venue: config.venue.dialect,
        lineage: state.lineage()?,
        instruments: Arc::from(list.to_vec()),
    };
    let mut writer = StoreWriter::open(state.path(), ledger, config.store)?;
    if config.database.is_some() {
        writer.keep_changes()?;
    }
    Ok(writer)
}

/// Where and when a session is opened.
struct Scene<'a> {
    config: &'a LiveConfig,
    state: &'a StateDir,
    now: UnixNanos,
    /// Segments that were being made when the last life ended.
    unfinished: Vec<PathBuf>,
}

impl Scene<'_> {
    /// Takes the segments away in which nothing stands; says so, a line each.
    fn clear_unfinished(&self) -> Result<Vec<String>, LiveError> {
        let mut notices = Vec::new();
        for path in &self.unfinished {
            fs::remove_file(path).map_err(|error| LiveError::Journal(error.to_string()))?;
            notices.push(format!(
                "`{}` was cut before its head was whole: removed",
                path.display()
            ));
        }
        Ok(notices)
    }
}

fn settings(config: &LiveConfig, instruments: &[Instrument]) -> KernelConfig {
    KernelConfig {
        instruments: instruments.to_vec(),
        limits: config.limits.clone(),
        times: config.times,
        cash: Money::ZERO,
        reconciled: false,
        cancel_on_stop: config.cancel_on_stop,
        bar_interval_ns: config.bar_interval_ns,
        strategies: config.strategies.clone(),
        opens_at: UnixNanos::MIN,
        currencies: None,
        margin: None,
    }
}

fn begin<S: Strategy, J: Tape>(
    scene: &Scene<'_>,
    number: u64,
    before: Option<Ending>,
    fetch: Fetch<'_>,
    make: Make<'_, S>,
    tape: impl FnOnce(FileTape) -> J,
) -> Result<Opened<S, J>, LiveError> {
    let &Scene {
        config, state, now, ..
    } = scene;
    let instruments = fetch()?;
    check_symbols(config, &instruments)?;
    let loosened_by = loosened_by(&before, scene)?;
    let totals = before.as_ref().map_or(Totals::default(), |b| b.end.totals);
    let session = before.as_ref().map_or(1, |b| b.header.session + 1);
    let chain = before.as_ref().map_or(Chain::START, |b| b.chain);
    let books = match before {
        Some(before) => {
            check_same_names(config, &before.header)?;
            Some(rearrange(&before.header, &before.books, &instruments)?)
        }
        None => None,
    };
    let settings = settings(config, &instruments);
    let first_sequence = books.as_ref().map_or(1, Snapshot::next_sequence);
    let first_sequence = first_sequence.max(used_directly(state.path()).unwrap_or(1));
    let header = Header {
        lineage: state.lineage()?.to_string(),
        session,
        ts_start: now,
        first_sequence,
        strategy: config.strategy.clone(),
        parameters: config.parameters.clone(),
        config_hash: config.config_hash.clone(),
        code_hash: config.code_hash.clone(),
        strict: is_strict(config),
        totals_before: totals,
        kernel: settings.clone(),
    };
    let mut kernel = Kernel::new(settings, make(&instruments));
    let mut writer = open_tables(config, state, &instruments)?;
    let notices = scene.clear_unfinished()?;
    let (segment, place) = (state.segment(number), Place::new_session(number, chain));
    let file = FileTape::create(&segment, &place.preamble())?;
    let mut journal = Journal::new(tape(file), place, is_strict(config))
        .with_segments_of(config.journal.segment_bytes);
    journal.append(&Entry::Header(Box::new(header)));
    let restored = books.is_some();
    if let Some(books) = books {
        kernel
            .restore(&books)
            .map_err(|error| LiveError::Journal(format!("the books of before: {error}")))?;
        journal.append(&Entry::Snapshot(kernel.snapshot().encode()));
    }
    journal
        .reserve_id(first_sequence)
        .map_err(|error| LiveError::Journal(format!("`{}`: {error}", segment.display())))?;
    let removed = remove_old(&state.journal(), number, now, config.journal.retention_ns)?;
    writer.set_progress(session, journal.records());
    writer.write_books(kernel.orders().open(), &books_of(&kernel))?;
    Ok(Opened {
        kernel,
        journal,
        store: Some(writer.start()?),
        instruments,
        segment,
        totals,
        from_journal: 0,
        restarted: restored.then_some(Session::Restarted {
            next_sequence: first_sequence,
        }),
        starts: true,
        ending: false,
        lease: None,
        notices: notices.into_iter().chain(removed).collect(),
        loosened_by,
    })
}

/// A limit of what is not traded would hold for nothing.
fn check_symbols(config: &LiveConfig, instruments: &[Instrument]) -> Result<(), LiveError> {
    let own = config.strategies.iter().map(|one| &one.limits);
    let mut limits = own.chain([&config.limits]);
    match limits.find_map(|limits| limits.guards.unknown_symbol(instruments)) {
        None => Ok(()),
        Some(symbol) => Err(LiveError::Config(format!(
            "[risk] names `{symbol}`, which is not traded: correct it or add it to `run.symbols`"
        ))),
    }
}

/// Who answers for limits that are looser than those of the session before; an error where they
/// are and nobody does.
fn loosened_by(before: &Option<Ending>, scene: &Scene<'_>) -> Result<Option<Person>, LiveError> {
    let old = before.as_ref().map(|before| &before.header.kernel.limits);
    let looser = old.and_then(|old| scene.config.limits.looser_than(old));
    let Some(name) = looser else {
        return Ok(None);
    };
    match scene.state.loosened_by()? {
        Some(by) => Ok(Some(by)),
        None => Err(LiveError::Config(format!(
            "`risk.{name}` is looser than in the last session of `{}`: somebody must answer for \
             it; write `py-rt kill {} --level loosen --by NAME`, then start again",
            scene.state.path().display(),
            scene.state.path().display()
        ))),
    }
}

/// The books of before for the instruments of now.
pub(crate) fn rearrange(
    header: &Header,
    books: &Snapshot,
    instruments: &[Instrument],
) -> Result<Snapshot, LiveError> {
    let mut places = Vec::new();
    for (place, old) in header.kernel.instruments.iter().enumerate() {
        let found = instruments
            .iter()
            .position(|new| new.symbol() == old.symbol());
        let id = InstrumentId(place as u32);
        let concerned = books.concerns(id);
        let same = found.is_some_and(|at| {
            let (new, old) = (instruments[at].spec(), old.spec());
            (new.tick_size, new.lot_size, new.multiplier)
                == (old.tick_size, old.lot_size, old.multiplier)
        });
        if concerned && found.is_none() {
            return Err(LiveError::Config(format!(
                "the last session left a position or an open order in `{}`: keep it in \
                 `run.symbols`, or give this run another `state_dir`",
                old.symbol()
            )));
        }
        if concerned && !same {
            return Err(LiveError::Config(format!(
                "the venue changed tick, lot or multiplier of `{}` while there is a position or \
                 an open order: flatten it and give this run another `state_dir`",
                old.symbol()
            )));
        }
        places.push(found.filter(|_| same).map(|at| InstrumentId(at as u32)));
    }
    Ok(books.rearranged(&places, instruments.len()))
}

/// The books of several strategies go by their names.
fn check_same_names(config: &LiveConfig, header: &Header) -> Result<(), LiveError> {
    let before = names_of(&header.kernel.strategies);
    let now = names_of(&config.strategies);
    if before == now {
        return Ok(());
    }
    let list = |names: &[String]| match names {
        [] => String::from("one with the account to itself"),
        names => names.join(", "),
    };
    Err(LiveError::Config(format!(
        "the strategies of this `state_dir` were: {}; they are now: {}. Their books would be \
         anybody's: keep names and order, or give this run another `state_dir`",
        list(&before),
        list(&now)
    )))
}

/// The unfinished session must be continued as it was begun.
fn check_unchanged(config: &LiveConfig, header: &Header, path: &Path) -> Result<(), LiveError> {
    let old = &header.kernel;
    let bare = |symbol: &str| symbol.replace('/', "");
    let traded = old.instruments.iter().map(|one| bare(one.symbol()));
    let wanted = config.symbols.iter().map(|symbol| bare(symbol));
    let changed = if header.strategy != config.strategy {
        "the strategy"
    } else if header.parameters != config.parameters {
        "a parameter of the strategy"
    } else if old.strategies != config.strategies {
        "a limit of one of the strategies"
    } else if old.limits != config.limits {
        "a limit in [risk]"
    } else if old.times != config.times {
        "a time of the execution stage"
    } else if old.bar_interval_ns != config.bar_interval_ns {
        "the bar interval"
    } else if old.cancel_on_stop != config.cancel_on_stop {
        "`run.cancel_on_stop`"
    } else if !traded.eq(wanted) {
        "`run.symbols`"
    } else {
        return Ok(());
    };
    Err(LiveError::Config(format!(
        "{changed} changed since the session in `{}`, which did not end cleanly: start once more \
         as it was and stop it, then start with the change",
        path.display()
    )))
}

fn changed_code(path: &Path, found: &Divergence) -> LiveError {
    LiveError::Config(format!(
        "the code or the parameters changed since the session in `{}`, which did not end cleanly: \
         at record {} {}. Start with the code of that session and stop it, then start with the \
         change",
        path.display(),
        found.record,
        found.what
    ))
}

fn resume<S: Strategy, J: Tape>(
    scene: &Scene<'_>,
    path: &Path,
    make: Make<'_, S>,
    tape: impl FnOnce(FileTape) -> J,
) -> Result<Opened<S, J>, LiveError> {
    let &Scene { config, state, .. } = scene;
    let mut reader = JournalReader::open(path)?;
    let mut events = Vec::new();
    let replayed = replay(
        &mut reader,
        &mut |header| make(&header.kernel.instruments),
        &mut |event| {
            if matches!(event, Event::Order(_) | Event::Fill(_) | Event::Position(_)) {
                events.push(*event);
            }
        },
    )?;
    let changed = || LiveError::Journal(format!("`{}` changed while it was read", path.display()));
    let Some(replayed) = replayed else {
        return Err(changed());
    };
    if let Some(found) = &replayed.divergence {
        return Err(changed_code(path, found));
    }
    let mut notices = scene.clear_unfinished()?;
    let torn = replayed.torn.filter(|_| scene.unfinished.is_empty());
    if let Some(torn) = torn {
        notices.push(format!(
            "the journal's torn tail was cut: {} bytes of record {}; it was never sent",
            torn.bytes, torn.record
        ));
    }
    let Some(place) = reader.place() else {
        return Err(changed());
    };
    let file = FileTape::resume(reader.path(), place.length)?;
    let journal = Journal::new(tape(file), place, replayed.header.strict)
        .with_segments_of(config.journal.segment_bytes);
    let Replayed {
        kernel,
        header,
        ids_end,
        inputs,
        totals,
        started,
        stopping,
        ..
    } = replayed;
    let instruments = header.kernel.instruments;
    let mut writer = open_tables(config, state, &instruments)?;
    writer.set_progress(header.session, journal.records());
    writer.rebuild(header.first_sequence, &events)?;
    writer.write_books(&[], &books_of(&kernel))?;
    notices.push(format!(
        "the unfinished session goes on after {inputs} inputs"
    ));
    let next_sequence = ids_end.max(kernel.next_sequence());
    let next_sequence = beyond_direct(state, next_sequence, &mut notices);
    Ok(Opened {
        kernel,
        journal,
        store: Some(writer.start()?),
        instruments,
        segment: path.to_path_buf(),
        totals,
        from_journal: inputs,
        restarted: Some(Session::Restarted { next_sequence }),
        starts: !started,
        ending: stopping,
        lease: None,
        notices,
        loosened_by: None,
    })
}

/// Ids that the kill switch without a session used are never given again, and may be adopted.
fn beyond_direct(state: &StateDir, next_sequence: u64, notices: &mut Vec<String>) -> u64 {
    let directly = used_directly(state.path()).unwrap_or(1);
    if directly > next_sequence {
        notices.push("`py-rt kill --direct` acted meanwhile: its orders are adopted".to_string());
    }
    next_sequence.max(directly)
}
