//! Many seeds; and a failure made as small as it gets.

use crate::oracle::Breach;
use crate::plan::Plan;
use crate::probes::Probes;
use crate::run::run;

/// Runs that making a failure smaller may take.
const SMALLER_RUNS: usize = 400;

/// A seed that broke a rule.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The seed.
    pub seed: u64,
    /// The rule and what was seen.
    pub breach: Breach,
    /// The smallest plan found that breaks the same rule.
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

/// Runs the seeds from `first` on, `count` of them; stops after `most` findings or when `goes_on`
/// says no.
pub fn search(
    first: u64,
    count: u64,
    most: usize,
    goes_on: &mut dyn FnMut(&Report) -> bool,
) -> Report {
    let mut report = Report::default();
    for seed in first..first.saturating_add(count) {
        let plan = Plan::draw(seed);
        let verdict = run(&plan);
        report.seeds += 1;
        report.orders += verdict.orders;
        report.fills += verdict.fills;
        report.probes.add(&verdict.probes);
        if let Some(breach) = verdict.breach {
            let plan = make_smaller(plan, breach.invariant);
            report.findings.push(Finding { seed, breach, plan });
        }
        if report.findings.len() >= most || !goes_on(&report) {
            break;
        }
    }
    report
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
