//! One seed: lives of a process in a world with faults, then quiet, then the comparison.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use py_rt_live::config::LiveConfig;
use py_rt_live::recovery::replay_journal;
use py_rt_live::session::{open_lanes_seeded, open_session, run_session, SessionSummary};
use py_rt_live::state::StateDir;
use py_rt_live::watchdog::Pulse;
use py_rt_live::LiveError;
use py_rt_types::UnixNanos;

use crate::dice::Dice;
use crate::disk::{Death, Fuse, PowerLoss, SimTape};
use crate::gambler::Gambler;
use crate::oracle::Breach;
use crate::plan::{Fault, Plan};
use crate::probes::Probes;
use crate::setup::{config, instrument, rules};
use crate::venue::listing::{money_text, LISTINGS};
use crate::wire::{sequence_of, Caller, Referee, SimTransport};
use crate::world::{World, MS, START};

/// Virtual seconds within which everything must agree once faults have ceased.
pub(crate) const QUIET_S: u64 = 60;
/// Where the secret must never be found.
pub(crate) const CANARY: &str = "canary-5f1d";

static NEXT: AtomicU64 = AtomicU64::new(0);

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// The order hash at the end.
    pub order_hash: String,
    /// Orders that left, executions that happened.
    pub orders: u64,
    /// Executions at the venue.
    pub fills: u64,
    /// What was seen.
    pub probes: Probes,
    /// The first rule that was broken.
    pub breach: Option<Breach>,
    /// What happened before that, oldest first.
    pub trail: Vec<String>,
}

/// A folder in memory where there is one, removed at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> std::io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() {
            memory.to_path_buf()
        } else {
            std::env::temp_dir()
        };
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = base.join(format!("py-rt-faults-{}-{number}", std::process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _removed = fs::remove_dir_all(&self.0);
    }
}

/// Runs a plan to its end and judges it. Whatever happens is in the verdict; nothing panics.
#[must_use]
pub fn run(plan: &Plan) -> Verdict {
    let world = Rc::new(RefCell::new(World::new(plan)));
    let referee = Rc::new(RefCell::new(Referee::new(rules(plan), plan.instruments)));
    let ran = catch_unwind(AssertUnwindSafe(|| run_lives(plan, &world, &referee)));
    let mut verdict = match ran {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(breach)) => Verdict {
            breach: Some(breach),
            ..Verdict::default()
        },
        Err(_) => Verdict {
            breach: Some(breach("I37", "a panic".to_string())),
            ..Verdict::default()
        },
    };
    if let (Ok(mut referee), Ok(world)) = (referee.try_borrow_mut(), world.try_borrow()) {
        let first = std::mem::take(&mut referee.breaches).into_iter().next();
        verdict.breach = first.or(verdict.breach);
        verdict.probes = world.probes.clone();
        verdict.trail = referee.trail.iter().cloned().collect();
        verdict.orders = referee.posts;
        verdict.fills = world.truth.executions.len() as u64;
    }
    verdict
}

const fn breach(invariant: &'static str, what: String) -> Breach {
    Breach { invariant, what }
}

fn gambler(plan: &Plan) -> Gambler {
    let until = UnixNanos(START.0 + plan.trouble_ms * MS);
    Gambler::new(plan.seed, plan.wishes, until).with_parents(plan.parents)
}

type Shared<T> = Rc<RefCell<T>>;

fn run_lives(
    plan: &Plan,
    world: &Shared<World>,
    referee: &Shared<Referee>,
) -> Result<Verdict, Breach> {
    let harness = |error: std::io::Error| breach("harness", error.to_string());
    let scratch = Scratch::new().map_err(harness)?;
    let config = config(plan, &scratch.0);
    let kill = scratch.0.join("kill");
    let mut dice = Dice::new(plan.seed).fork(4);
    let mut deaths = if plan.rate(Fault::Kill) > 0 {
        plan.deaths
    } else {
        0
    };
    let mut lives = 0;
    let summary = loop {
        lives += 1;
        let (fuse, death) = draw_death(plan, world, &mut dice, &mut deaths);
        let journal = scratch.0.join("journal");
        let may_lose = may_lose_records(plan);
        referee.borrow_mut().read_again(&journal, may_lose);
        match live(plan, &config, (world, referee), &fuse, death, lives) {
            Ok(summary) => break summary,
            Err(_) if fuse.is_blown() => {}
            Err(LiveError::Halted(_)) => {}
            Err(error) => return Err(breach("I30", format!("life {lives} ended: {error}"))),
        }
        if world.borrow().is_quiet() || deaths == 0 {
            fs::remove_file(&kill).or_else(absent).map_err(harness)?;
        }
        let pause = dice.between(20, 3_000);
        world.borrow_mut().restart_clients(pause);
        if lives > 40 {
            return Err(breach(
                "I30",
                "the session does not come up again".to_string(),
            ));
        }
    };
    judge(plan, world, referee, &summary)?;
    replay(plan, &summary)?;
    search_secret(&scratch.0)?;
    Ok(Verdict {
        order_hash: summary.order_hash,
        ..Verdict::default()
    })
}

/// Whether records may be gone that were written: power is lost and not all is synced.
const fn may_lose_records(plan: &Plan) -> bool {
    !plan.strict && plan.rate(Fault::PowerLoss) > 0
}

fn absent(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Ok(());
    }
    Err(error)
}

fn draw_death(
    plan: &Plan,
    world: &Shared<World>,
    dice: &mut Dice,
    deaths: &mut u32,
) -> (Fuse, Death) {
    if *deaths == 0 {
        return (Fuse::of(u64::MAX), Death::default());
    }
    *deaths -= 1;
    let often = i64::from(plan.rate(Fault::Kill));
    let steps = dice.between(1, 40 + 60_000 / often) as u64;
    let torn = dice.falls(plan.rate(Fault::TornWrite));
    let power = dice.falls(plan.rate(Fault::PowerLoss) * 4);
    let torn_at = torn.then(|| dice.between(0, 60) as usize);
    let mut own = Dice::new(plan.seed).fork(100 + u64::from(*deaths));
    let swapped = own.falls(plan.rate(Fault::SectorsSwapped) * 4);
    let loss = PowerLoss {
        seed: own.roll(),
        behind_ns: own.between(0, 400) * MS,
        swapped,
    };
    let death = Death {
        torn_at,
        power: power.then_some(loss),
    };
    let mut world = world.borrow_mut();
    if power && swapped {
        world.probes.count_fault(Fault::SectorsSwapped);
    }
    world.probes.count_fault(Fault::Kill);
    if torn {
        world.probes.count_fault(Fault::TornWrite);
    }
    if power {
        world.probes.count_fault(Fault::PowerLoss);
    }
    (Fuse::of(steps), death)
}

fn live(
    plan: &Plan,
    config: &LiveConfig,
    (world, referee): (&Shared<World>, &Shared<Referee>),
    fuse: &Fuse,
    death: Death,
    number: u64,
) -> Result<SessionSummary, LiveError> {
    let state = StateDir::lock(&config.state_dir)?;
    let lineage = state.lineage()?;
    let endpoints = config.endpoints()?;
    let kill = config.state_dir.join("kill");
    loop {
        let now = world.borrow().now();
        let listed = LISTINGS[..plan.instruments].iter();
        let opened = open_session(
            config,
            &state,
            now,
            &mut || {
                let described = listed.clone().map(|one| instrument(one, plan.dialect));
                described.collect()
            },
            &mut |_| gambler(plan),
            |file| {
                let end = (fuse.clone(), death);
                SimTape::new(file, end, Rc::clone(world), Rc::clone(referee))
            },
        )?;
        let ending = opened.ending;
        let seed = plan.seed.wrapping_mul(1_000).wrapping_add(number);
        let lanes = open_lanes_seeded(config, &endpoints, lineage, &opened.instruments, seed)?;
        let transport = SimTransport::new(Rc::clone(world), Rc::clone(referee), fuse.clone());
        let mut caller = Caller {
            referee: Rc::clone(referee),
            world: Rc::clone(world),
            kill: &kill,
        };
        let summary = run_session(
            config,
            opened,
            lanes,
            transport,
            &mut caller,
            Pulse::default(),
        )?;
        if !ending || summary.reason != "interrupted" {
            return Ok(summary);
        }
    }
}

/// Our books, the oracle's and the venue's truth: equal to the last digit.
fn judge(
    plan: &Plan,
    world: &Shared<World>,
    referee: &Shared<Referee>,
    summary: &SessionSummary,
) -> Result<(), Breach> {
    let (world, referee) = (world.borrow(), referee.borrow());
    let truth = &world.truth;
    if !summary.reconciled {
        return Err(breach("I30", format!("not reconciled: {summary:?}")));
    }
    if truth.duplicates > 0 {
        return Err(breach(
            "I5",
            "an id, or an intent, was there twice".to_string(),
        ));
    }
    if world.intrusions > 0 {
        let what = format!("{} requests while the venue takes none", world.intrusions);
        return Err(breach("I13", what));
    }
    if let Some(order) = truth.orders.iter().find(|order| order.status.is_open()) {
        return Err(breach("I7", format!("left at the venue: {order:?}")));
    }
    if summary.open_orders != 0 {
        return Err(breach("I7", format!("open here: {}", summary.open_orders)));
    }
    for (place, listing) in LISTINGS[..plan.instruments].iter().enumerate() {
        let symbol = listing.name(plan.dialect);
        let ours = summary.positions.iter().find(|(s, _)| s == symbol);
        let ours = ours.map_or(Some(0), |(_, qty)| listing.lots(qty));
        let (theirs, naive) = (truth.position(place, true), referee.oracle.held(place));
        if ours != Some(theirs) || naive != theirs {
            let what = format!("{symbol}: ours {ours:?}, oracle {naive}, venue {theirs}");
            return Err(breach("I20", what));
        }
    }
    let (theirs, naive) = (truth.cash(true), referee.oracle.cash());
    // When the first comparison was lost, the cash to start from holds trades of others as well.
    let mixed = may_lose_records(plan) && plan.rate(Fault::ForeignOrder) > 0;
    if summary.cash != money_text(naive) || (naive != theirs && !mixed) {
        let (naive, theirs) = (money_text(naive), money_text(theirs));
        let what = format!(
            "cash: ours {}, oracle {naive}, venue {theirs}",
            summary.cash
        );
        return Err(breach("I20", what));
    }
    judge_parents(plan, &world, &referee)?;
    judge_executions(&world, &referee)
}

/// What children executed never exceeds their parent, unless the venue had said that it would not
/// be executed, or the journal lost what was sent.
fn judge_parents(plan: &Plan, world: &World, referee: &Referee) -> Result<(), Breach> {
    if may_lose_records(plan) || plan.executes_ended() {
        return Ok(());
    }
    let mut done: BTreeMap<u64, i64> = BTreeMap::new();
    for one in &world.truth.executions {
        let order = &world.truth.orders[one.order];
        let sequence = sequence_of(&order.client).filter(|_| !order.foreign);
        if let Some(parent) = sequence.and_then(|sequence| referee.parent_of(sequence)) {
            *done.entry(parent).or_default() += one.qty;
        }
    }
    for (parent, qty) in done {
        let asked = referee.asked(parent);
        if asked.is_some_and(|asked| qty > asked) {
            return Err(breach(
                "I6",
                format!("{qty} of parent {parent} of {asked:?}"),
            ));
        }
    }
    Ok(())
}

fn judge_executions(world: &World, referee: &Referee) -> Result<(), Breach> {
    let truth = &world.truth;
    let mut ours = 0;
    for one in &truth.executions {
        let order = &truth.orders[one.order];
        let Some(sequence) = sequence_of(&order.client).filter(|_| !order.foreign) else {
            continue;
        };
        ours += 1;
        let booked = referee.oracle.execution(sequence, one.cum);
        if booked != Some((one.qty, one.price)) {
            return Err(breach("I22", format!("{one:?} is booked as {booked:?}")));
        }
    }
    let booked = referee.oracle.executions();
    if booked != ours {
        return Err(breach("I22", format!("{booked} booked, {ours} happened")));
    }
    Ok(())
}

/// The journal drives the kernel to the same decisions.
fn replay(plan: &Plan, summary: &SessionSummary) -> Result<(), Breach> {
    let replayed = replay_journal(&summary.journal, |_, _| gambler(plan));
    let replayed = replayed.map_err(|error| breach("I29", error.to_string()))?;
    if !replayed.equal || replayed.order_hash != summary.order_hash {
        let what = replayed.difference.unwrap_or_default();
        return Err(breach("I27", format!("the replay differs: {what}")));
    }
    Ok(())
}

fn search_secret(folder: &Path) -> Result<(), Breach> {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = fs::read(&path).unwrap_or_default();
            let found = bytes.windows(CANARY.len()).any(|w| w == CANARY.as_bytes());
            if found {
                return Err(breach(
                    "I35",
                    format!("the secret is in {}", path.display()),
                ));
            }
        }
    }
    Ok(())
}
