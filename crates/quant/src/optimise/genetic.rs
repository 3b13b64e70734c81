//! A genetic algorithm for real numbers.

use super::{reflected, Found, Objective, SearchPlan, Swarm};
use crate::error::Result;
use crate::random::Random;

/// Distribution indices of crossover and mutation (Deb and Agrawal 1995).
const CROSS_INDEX: f64 = 15.0;
const MUTATE_INDEX: f64 = 20.0;
const CROSS: f64 = 0.9;

/// Minimises by tournaments of two, simulated binary crossover and polynomial mutation; the best
/// of parents and children live on.
///
/// # Errors
/// A parameter outside its range, or an error of the objective.
pub fn genetic(objective: Objective<'_>, plan: &SearchPlan) -> Result<Found> {
    let mut random = Random::new(plan.seed, 1);
    let mut swarm = Swarm::new(objective, plan, &mut random)?;
    for _ in 0..plan.generations {
        let size = swarm.members.len();
        let mut children = Vec::with_capacity(size);
        while children.len() < size {
            let (a, b) = (winner(&swarm, &mut random), winner(&swarm, &mut random));
            let (first, second) = mated(&swarm, (a, b), &mut random);
            children.push(first);
            children.push(second);
        }
        children.truncate(size);
        for mut child in children {
            if swarm.spent() {
                break;
            }
            mutate(&mut child, plan, &mut random);
            let value = swarm.evaluate(&child)?;
            swarm.members.push(child);
            swarm.values.push(value);
        }
        survive(&mut swarm, size);
        let best = swarm.values[swarm.best()];
        swarm.history.push(best);
        if swarm.spread() <= 1.0 || swarm.spent() {
            break;
        }
    }
    Ok(swarm.finish())
}

fn winner(swarm: &Swarm<'_>, random: &mut Random) -> usize {
    let size = swarm.members.len();
    let (a, b) = (random.below(size), random.below(size));
    if swarm.values[b] < swarm.values[a] {
        b
    } else {
        a
    }
}

fn mated(swarm: &Swarm<'_>, (a, b): (usize, usize), random: &mut Random) -> (Vec<f64>, Vec<f64>) {
    let (mut first, mut second) = (swarm.members[a].clone(), swarm.members[b].clone());
    if random.uniform() >= CROSS {
        return (first, second);
    }
    for (j, bounds) in swarm.plan.bounds.iter().enumerate() {
        if random.uniform() < 0.5 {
            continue;
        }
        let u = random.uniform();
        let spread = if u < 0.5 { 2.0 * u } else { 0.5 / (1.0 - u) };
        let beta = libm::pow(spread, 1.0 / (CROSS_INDEX + 1.0));
        let (x, y) = (first[j], second[j]);
        first[j] = reflected(0.5 * ((1.0 + beta) * x + (1.0 - beta) * y), *bounds);
        second[j] = reflected(0.5 * ((1.0 - beta) * x + (1.0 + beta) * y), *bounds);
    }
    (first, second)
}

fn mutate(child: &mut [f64], plan: &SearchPlan, random: &mut Random) {
    let chance = 1.0 / child.len() as f64;
    for (x, (low, high)) in child.iter_mut().zip(&plan.bounds) {
        if random.uniform() >= chance {
            continue;
        }
        let u = random.uniform();
        let power = 1.0 / (MUTATE_INDEX + 1.0);
        let step = if u < 0.5 {
            libm::pow(2.0 * u, power) - 1.0
        } else {
            1.0 - libm::pow(2.0 * (1.0 - u), power)
        };
        *x = reflected(*x + step * (high - low), (*low, *high));
    }
}

/// The best `size` of all, parents before children of the same value.
fn survive(swarm: &mut Swarm<'_>, size: usize) {
    let mut order: Vec<usize> = (0..swarm.members.len()).collect();
    order.sort_by(|a, b| swarm.values[*a].total_cmp(&swarm.values[*b]));
    order.truncate(size);
    swarm.members = order.iter().map(|i| swarm.members[*i].clone()).collect();
    swarm.values = order.iter().map(|i| swarm.values[*i]).collect();
}
