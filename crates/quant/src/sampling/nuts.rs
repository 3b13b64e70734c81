//! The no-U-turn sampler: trajectories double until they turn back; states are drawn by weight.
//!
//! Hoffman and Gelman 2014 (trees, dual averaging); Betancourt 2017 (multinomial weights, the
//! generalised criterion on the sum of momenta). The metric is diagonal, learnt in windows.

use super::{Chain, Density, SamplePlan};
use crate::error::Result;
use crate::random::Random;

const DEPTH_MAX: usize = 10;
const DIVERGENCE: f64 = 1000.0;
const TARGET: f64 = 0.8;

/// A point of phase space.
#[derive(Debug, Clone)]
struct Point {
    x: Vec<f64>,
    p: Vec<f64>,
    gradient: Vec<f64>,
    value: f64,
}

/// A piece of a trajectory: its ends, the sum of its momenta, the state drawn from it.
struct Tree {
    left: Point,
    right: Point,
    momentum: Vec<f64>,
    drawn: Point,
    log_weight: f64,
    turned: bool,
    diverged: bool,
    accepted: f64,
    steps: usize,
}

struct Sampler<'a> {
    density: &'a mut dyn Density,
    random: Random,
    /// Variances of the coordinates.
    metric: Vec<f64>,
    step: f64,
}

impl Sampler<'_> {
    fn energy(&self, point: &Point) -> f64 {
        let kinetic: f64 = point
            .p
            .iter()
            .zip(&self.metric)
            .map(|(p, v)| p * p * v)
            .sum();
        point.value - 0.5 * kinetic
    }

    fn leap(&mut self, from: &Point, step: f64) -> Result<Point> {
        let mut point = from.clone();
        for (p, g) in point.p.iter_mut().zip(&point.gradient) {
            *p += 0.5 * step * g;
        }
        for ((x, p), v) in point.x.iter_mut().zip(&point.p).zip(&self.metric) {
            *x += step * v * p;
        }
        point.value = self.density.log_density(&point.x)?;
        if point.value.is_finite() {
            self.density.gradient(&point.x, &mut point.gradient)?;
        }
        if !point.value.is_finite() || point.gradient.iter().any(|g| !g.is_finite()) {
            point.value = f64::NEG_INFINITY;
            return Ok(point);
        }
        for (p, g) in point.p.iter_mut().zip(&point.gradient) {
            *p += 0.5 * step * g;
        }
        Ok(point)
    }

    fn turned(&self, momentum: &[f64], left: &Point, right: &Point) -> bool {
        let along = |end: &Point| -> f64 {
            let terms = momentum.iter().zip(&end.p).zip(&self.metric);
            terms.map(|((m, p), v)| m * p * v).sum()
        };
        along(left) <= 0.0 || along(right) <= 0.0
    }

    fn grow(&mut self, from: &Point, forward: bool, depth: usize, start: f64) -> Result<Tree> {
        if depth == 0 {
            let step = if forward { self.step } else { -self.step };
            let point = self.leap(from, step)?;
            let change = self.energy(&point) - start;
            let change = if change.is_nan() {
                f64::NEG_INFINITY
            } else {
                change
            };
            return Ok(Tree {
                left: point.clone(),
                right: point.clone(),
                momentum: point.p.clone(),
                drawn: point,
                log_weight: change,
                turned: false,
                diverged: change < -DIVERGENCE,
                accepted: libm::exp(change.min(0.0)),
                steps: 1,
            });
        }
        let first = self.grow(from, forward, depth - 1, start)?;
        if first.turned || first.diverged {
            return Ok(first);
        }
        let edge = if forward { &first.right } else { &first.left }.clone();
        let second = self.grow(&edge, forward, depth - 1, start)?;
        Ok(self.joined(first, second, forward, false))
    }

    /// Two neighbouring pieces as one; the state of the new one wins by weight, or, at the top,
    /// with a bias towards what is new.
    fn joined(&mut self, old: Tree, new: Tree, forward: bool, top: bool) -> Tree {
        let total = log_sum(old.log_weight, new.log_weight);
        let against = if top { old.log_weight } else { total };
        let dead = new.turned || new.diverged;
        let wins = !dead && self.random.uniform() < libm::exp((new.log_weight - against).min(0.0));
        let momentum: Vec<f64> = old
            .momentum
            .iter()
            .zip(&new.momentum)
            .map(|(a, b)| a + b)
            .collect();
        let (a, b) = if forward { (&old, &new) } else { (&new, &old) };
        // The whole, and each piece with the nearest state of the other.
        let plus =
            |m: &[f64], p: &Point| -> Vec<f64> { m.iter().zip(&p.p).map(|(m, p)| m + p).collect() };
        let turned = dead
            || self.turned(&momentum, &a.left, &b.right)
            || self.turned(&plus(&a.momentum, &b.left), &a.left, &b.left)
            || self.turned(&plus(&b.momentum, &a.right), &a.right, &b.right);
        let (accepted, steps) = (old.accepted + new.accepted, old.steps + new.steps);
        let diverged = new.diverged;
        let drawn = if wins { new.drawn } else { old.drawn };
        let (left, right) = if forward {
            (old.left, new.right)
        } else {
            (new.left, old.right)
        };
        Tree {
            left,
            right,
            momentum,
            drawn,
            log_weight: total,
            turned,
            diverged,
            accepted,
            steps,
        }
    }

    /// One transition: the next state, its acceptance, whether it diverged.
    fn transit(&mut self, state: &Point) -> Result<(Point, f64, bool)> {
        let mut point = state.clone();
        for (p, v) in point.p.iter_mut().zip(&self.metric) {
            *p = self.random.normal() / v.sqrt();
        }
        let start = self.energy(&point);
        let mut tree = Tree {
            left: point.clone(),
            right: point.clone(),
            momentum: point.p.clone(),
            drawn: point,
            log_weight: 0.0,
            turned: false,
            diverged: false,
            accepted: 0.0,
            steps: 0,
        };
        for depth in 0..DEPTH_MAX {
            let forward = self.random.uniform() < 0.5;
            let edge = if forward { &tree.right } else { &tree.left }.clone();
            let grown = self.grow(&edge, forward, depth, start)?;
            tree = self.joined(tree, grown, forward, true);
            if tree.turned {
                break;
            }
        }
        let accepted = tree.accepted / tree.steps.max(1) as f64;
        Ok((tree.drawn, accepted, tree.diverged))
    }

    /// A first step size: doubled or halved until one leap is accepted about half of the time.
    fn first_step(&mut self, state: &Point) -> Result<f64> {
        let mut point = state.clone();
        for (p, v) in point.p.iter_mut().zip(&self.metric) {
            *p = self.random.normal() / v.sqrt();
        }
        let start = self.energy(&point);
        let mut step = 0.1;
        let mut direction = 0.0;
        for _ in 0..60 {
            let reached = self.leap(&point, step)?;
            let change = self.energy(&reached) - start;
            let up = change > -core::f64::consts::LN_2;
            let wanted = if up { 1.0 } else { -1.0 };
            if direction * wanted < 0.0 {
                break;
            }
            direction = wanted;
            step *= if up { 2.0 } else { 0.5 };
        }
        Ok(step)
    }
}

fn log_sum(a: f64, b: f64) -> f64 {
    let most = a.max(b);
    if most.is_infinite() {
        return most;
    }
    most + libm::log(libm::exp(a - most) + libm::exp(b - most))
}

/// Nesterov's dual averaging of the logarithm of the step.
struct Averaging {
    centre: f64,
    error: f64,
    log_mean: f64,
    count: f64,
}

impl Averaging {
    fn new(step: f64) -> Self {
        Self {
            centre: libm::log(10.0 * step),
            error: 0.0,
            log_mean: 0.0,
            count: 0.0,
        }
    }

    fn learn(&mut self, accepted: f64) -> f64 {
        self.count += 1.0;
        let weight = 1.0 / (self.count + 10.0);
        self.error = (1.0 - weight) * self.error + weight * (TARGET - accepted);
        let log = self.centre - self.count.sqrt() / 0.05 * self.error;
        let share = libm::pow(self.count, -0.75);
        self.log_mean = share * log + (1.0 - share) * self.log_mean;
        libm::exp(log)
    }
}

/// Variances of the coordinates of a window, drawn towards a small number.
fn variances(window: &[Vec<f64>]) -> Vec<f64> {
    let n = window.len() as f64;
    (0..window[0].len())
        .map(|i| {
            let column: Vec<f64> = window.iter().map(|x| x[i]).collect();
            let own = crate::linalg::lanes::variance(&column, 1);
            (n / (n + 5.0)) * own + 1e-3 * (5.0 / (n + 5.0)) * own.max(1e-300).min(1.0)
        })
        .collect()
}

/// Ends of the windows that learn the metric: 75 draws first, then 25, 50, 100, ..., 50 last.
fn windows(burn_in: usize) -> (usize, Vec<usize>) {
    if burn_in < 150 {
        let first = burn_in * 15 / 100;
        return (first, vec![burn_in - burn_in / 10]);
    }
    let last = burn_in - 50;
    let (mut ends, mut at, mut width) = (Vec::new(), 75, 25);
    while at < last {
        let next = at + width;
        let end = if next + 2 * width > last { last } else { next };
        ends.push(end);
        at = end;
        width *= 2;
    }
    (75, ends)
}

pub(super) fn run(
    density: &mut dyn Density,
    (start, value): (&[f64], f64),
    plan: &SamplePlan,
    random: Random,
) -> Result<Chain> {
    let d = start.len();
    let mut gradient = vec![0.0; d];
    density.gradient(start, &mut gradient)?;
    let mut state = Point {
        x: start.to_vec(),
        p: vec![0.0; d],
        gradient,
        value,
    };
    let mut sampler = Sampler {
        density,
        random,
        metric: plan.scale.iter().map(|s| s * s).collect(),
        step: 0.1,
    };
    sampler.step = sampler.first_step(&state)?;
    let mut averaging = Averaging::new(sampler.step);
    let (first, ends) = windows(plan.burn_in);
    let mut window: Vec<Vec<f64>> = Vec::new();
    let mut chain = Chain {
        draws: Vec::with_capacity(plan.draws * d),
        acceptance: 0.0,
        divergences: 0,
    };
    for step in 0..plan.burn_in + plan.draws {
        let (next, accepted, diverged) = sampler.transit(&state)?;
        state = next;
        if step >= plan.burn_in {
            chain.acceptance += accepted / plan.draws as f64;
            chain.divergences += usize::from(diverged);
            chain.draws.extend_from_slice(&state.x);
            continue;
        }
        sampler.step = averaging.learn(accepted);
        if step >= first && ends.last().is_some_and(|last| step < *last) {
            window.push(state.x.clone());
        }
        if ends.contains(&(step + 1)) && window.len() > 4 {
            sampler.metric = variances(&window);
            window.clear();
            sampler.step = sampler.first_step(&state)?;
            averaging = Averaging::new(sampler.step);
        }
        if step + 1 == plan.burn_in {
            sampler.step = libm::exp(averaging.log_mean);
        }
    }
    Ok(chain)
}
