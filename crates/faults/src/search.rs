//! Many seeds; and a failure made as small as it gets.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;

use crate::oracle::Breach;
use crate::plan::{Dialect, Plan};
use crate::probes::Probes;
use crate::run::{run, Verdict};

/// Verdicts that may wait to be counted; a thread that has one more waits.
const VERDICTS_MAX: usize = 64;
/// Runs that making a failure smaller may take.
const SMALLER_RUNS: usize = 400;

/// A seed that broke a rule.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// The rule and what was seen.
    pub breach: Breach,
    /// What the seed means; see [`make_smaller`].
    pub plan: Plan,
}

/// What many seeds came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Seeds that were run.
    pub seeds: u64,
    /// Orders that left.
    pub orders: u64,
    /// Executions at the venue.
    pub fills: u64,
    /// What happened in all of them.
    pub probes: Probes,
    /// The seeds that broke a rule.
    pub findings: Vec<Finding>,
}

/// Which seeds to run, and how.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// Whose words the venue speaks; seeds of each dialect are counted apart.
    pub dialect: Dialect,
    /// The first seed.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// Stop after so many findings.
    pub most: usize,
    /// Threads; the report is the same for any number.
    pub jobs: usize,
}

/// Runs seeds; stops early after enough findings or when `goes_on` says no.
pub fn search(range: Range, goes_on: &mut dyn FnMut(&Report) -> bool) -> Report {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let (sender, verdicts) = sync_channel(VERDICTS_MAX);
        for _ in 0..range.jobs.max(1) {
            let (sender, next, stop) = (sender.clone(), &next, &stop);
            scope.spawn(move || loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                if place >= range.count || stop.load(Ordering::Relaxed) {
                    return;
                }
                let seed = range.first.saturating_add(place);
                if sender
                    .send((seed, run(&Plan::draw_for(range.dialect, seed))))
                    .is_err()
                {
                    return;
                }
            });
        }
        drop(sender);
        for (seed, verdict) in verdicts {
            report.take(range.dialect, seed, verdict);
            if report.findings.len() >= range.most || !goes_on(&report) {
                stop.store(true, Ordering::Relaxed);
            }
        }
    });
    report.findings.sort_by_key(|finding| finding.seed);
    report.findings.truncate(range.most);
    report
}

impl Report {
    fn take(&mut self, dialect: Dialect, seed: u64, verdict: Verdict) {
        self.seeds += 1;
        self.orders += verdict.orders;
        self.fills += verdict.fills;
        self.probes.add(&verdict.probes);
        if let Some(breach) = verdict.breach {
            let plan = Plan::draw_for(dialect, seed);
            self.findings.push(Finding { seed, breach, plan });
        }
    }
}

/// Takes away from a plan what its failure does not need.
#[must_use]
pub fn make_smaller(mut plan: Plan, invariant: &'static str) -> Plan {
    let mut runs = 0;
    loop {
        let smaller = plan.smaller().into_iter().find(|candidate| {
            runs += 1;
            let breach = run(candidate).breach;
            runs <= SMALLER_RUNS && breach.is_some_and(|b| b.invariant == invariant)
        });
        match smaller {
            Some(found) if runs <= SMALLER_RUNS => plan = found,
            _ => return plan,
        }
    }
}
