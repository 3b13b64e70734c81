//! Differential evolution.

use super::{reflected, Found, Objective, SearchPlan, Swarm};
use crate::error::Result;
use crate::random::Random;

/// How a trial is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// From the best member and one difference.
    Best1Bin,
    /// From a random member and one difference.
    Rand1Bin,
    /// From the member towards one of the best, with an archive, learnt factors and a population
    /// that shrinks (L-SHADE).
    LShade,
}

const MEMORY: usize = 6;
const GREEDY: f64 = 0.11;

/// Minimises; `factors` are the range of the weight of differences (dither) and the crossover
/// probability, which L-SHADE learns by itself.
///
/// # Errors
/// A parameter outside its range, or an error of the objective.
pub fn differential_evolution(
    objective: Objective<'_>,
    plan: &SearchPlan,
    strategy: Strategy,
    factors: ((f64, f64), f64),
) -> Result<Found> {
    let mut random = Random::new(plan.seed, 0);
    let mut swarm = Swarm::new(objective, plan, &mut random)?;
    if swarm.members.len() < 4 {
        return Ok(swarm.finish());
    }
    if strategy == Strategy::LShade {
        return shade(swarm, &mut random);
    }
    let ((low, high), cross) = factors;
    for _ in 0..plan.generations {
        let weight = low + random.uniform() * (high - low);
        for i in 0..swarm.members.len() {
            if swarm.spent() {
                return Ok(swarm.finish());
            }
            let best = swarm.best();
            let [a, b, c] = others(&mut random, i, swarm.members.len());
            let base = if strategy == Strategy::Best1Bin {
                best
            } else {
                a
            };
            let mutant: Vec<f64> = (0..plan.bounds.len())
                .map(|j| {
                    let m = &swarm.members;
                    m[base][j] + weight * (m[b][j] - m[c][j])
                })
                .collect();
            let trial = crossed(&swarm.members[i], mutant, cross, (plan, &mut random));
            let value = swarm.evaluate(&trial)?;
            if value <= swarm.values[i] {
                swarm.members[i] = trial;
                swarm.values[i] = value;
            }
        }
        let best = swarm.values[swarm.best()];
        swarm.history.push(best);
        if swarm.spread() <= 1.0 {
            break;
        }
    }
    Ok(swarm.finish())
}

/// Three different members, none of them `i`.
fn others(random: &mut Random, i: usize, size: usize) -> [usize; 3] {
    let mut chosen = [i; 3];
    for at in 0..3 {
        loop {
            let next = random.below(size);
            if next != i && !chosen[..at].contains(&next) {
                chosen[at] = next;
                break;
            }
        }
    }
    chosen
}

/// Binomial crossover with one coordinate forced, back between the bounds.
fn crossed(
    parent: &[f64],
    mutant: Vec<f64>,
    cross: f64,
    (plan, random): (&SearchPlan, &mut Random),
) -> Vec<f64> {
    let forced = random.below(parent.len());
    let mut trial = parent.to_vec();
    for (j, value) in mutant.into_iter().enumerate() {
        if random.uniform() < cross || j == forced {
            trial[j] = reflected(value, plan.bounds[j]);
        }
    }
    trial
}

/// What L-SHADE remembers of factors that helped.
struct Memory {
    weights: [f64; MEMORY],
    crosses: [f64; MEMORY],
    next: usize,
}

impl Memory {
    fn draw(&self, random: &mut Random) -> (f64, f64) {
        let at = random.below(MEMORY);
        let cross = (self.crosses[at] + 0.1 * random.normal()).clamp(0.0, 1.0);
        loop {
            let cauchy = libm::tan(core::f64::consts::PI * (random.open_uniform() - 0.5));
            let weight = self.weights[at] + 0.1 * cauchy;
            if weight > 0.0 {
                return (weight.min(1.0), cross);
            }
        }
    }

    /// Weighted Lehmer means of what helped.
    fn learn(&mut self, helped: &[(f64, f64, f64)]) {
        let gain: f64 = helped.iter().map(|h| h.2).sum();
        if gain <= 0.0 || !gain.is_finite() {
            return;
        }
        let lehmer = |pick: fn(&(f64, f64, f64)) -> f64| -> f64 {
            let first: f64 = helped.iter().map(|h| h.2 * pick(h)).sum();
            let second: f64 = helped.iter().map(|h| h.2 * pick(h) * pick(h)).sum();
            if first > 0.0 {
                second / first
            } else {
                0.0
            }
        };
        self.weights[self.next] = lehmer(|h| h.0);
        self.crosses[self.next] = lehmer(|h| h.1);
        self.next = (self.next + 1) % MEMORY;
    }
}

fn shade(mut swarm: Swarm<'_>, random: &mut Random) -> Result<Found> {
    let plan = swarm.plan;
    let (largest, budget) = (swarm.members.len(), plan.evaluations as f64);
    let mut memory = Memory {
        weights: [0.5; MEMORY],
        crosses: [0.5; MEMORY],
        next: 0,
    };
    let mut archive: Vec<Vec<f64>> = Vec::new();
    for _ in 0..plan.generations {
        let size = swarm.members.len();
        let mut order: Vec<usize> = (0..size).collect();
        order.sort_by(|a, b| swarm.values[*a].total_cmp(&swarm.values[*b]));
        let elite = ((GREEDY * size as f64) as usize).clamp(2, size);
        let mut helped = Vec::new();
        let (old, mut fresh) = (swarm.members.clone(), Vec::new());
        for i in 0..size {
            if swarm.spent() {
                break;
            }
            let (weight, cross) = memory.draw(random);
            let guide = order[random.below(elite)];
            let [a, _, _] = others(random, i, size);
            let from = random.below(size + archive.len());
            let second = old.get(from).unwrap_or_else(|| &archive[from - size]);
            let mutant: Vec<f64> = (0..plan.bounds.len())
                .map(|j| {
                    let x = old[i][j];
                    x + weight * (old[guide][j] - x) + weight * (old[a][j] - second[j])
                })
                .collect();
            let trial = crossed(&old[i], mutant, cross, (plan, random));
            let value = swarm.evaluate(&trial)?;
            if value <= swarm.values[i] {
                fresh.push((i, trial, value, (weight, cross)));
            }
        }
        for (i, trial, value, (weight, cross)) in fresh {
            if value < swarm.values[i] {
                helped.push((weight, cross, swarm.values[i] - value));
                archive.push(old[i].clone());
            }
            swarm.members[i] = trial;
            swarm.values[i] = value;
        }
        memory.learn(&helped);
        shrink(&mut swarm, largest, budget);
        while archive.len() > swarm.members.len() {
            archive.swap_remove(random.below(archive.len()));
        }
        let best = swarm.values[swarm.best()];
        swarm.history.push(best);
        if swarm.spread() <= 1.0 || swarm.spent() {
            break;
        }
    }
    Ok(swarm.finish())
}

/// Takes the worst away, in proportion to the evaluations spent, down to four.
fn shrink(swarm: &mut Swarm<'_>, largest: usize, budget: f64) {
    let spent = (swarm.evaluations as f64 / budget).min(1.0);
    let target = largest as f64 + (4.0 - largest as f64) * spent;
    while swarm.members.len() as f64 > target.max(4.0) + 0.5 {
        let mut worst = 0;
        for (at, value) in swarm.values.iter().enumerate() {
            if *value >= swarm.values[worst] {
                worst = at;
            }
        }
        swarm.members.remove(worst);
        swarm.values.remove(worst);
    }
}
