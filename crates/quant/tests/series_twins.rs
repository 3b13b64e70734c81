//! Fast roads against slow ones: lag orders of one factor, pairs of one screen, scaled recursions.
#![allow(clippy::needless_range_loop)]

use py_rt_quant::cointegration::{engle_granger, screen, ScreenLags, ScreenPlan};
use py_rt_quant::linalg::{Matrix, Qr};
use py_rt_quant::random::Random;
use py_rt_quant::regimes::{fit, FitPlan, Hmm, Sample, StartLaw};
use py_rt_quant::series::{adf, LagRule, Trend};

fn walk(n: usize, random: &mut Random) -> Vec<f64> {
    let mut level = 50.0;
    (0..n)
        .map(|_| {
            level += random.normal();
            level
        })
        .collect()
}

fn close(found: f64, expected: f64, relative: f64) {
    let error = (found - expected).abs();
    assert!(
        error <= relative * expected.abs().max(1e-3),
        "{found} for {expected}"
    );
}

/// One regression a lag order, by QR of its own columns on the common sample.
fn naive_lag(x: &[f64], max: usize) -> usize {
    let d: Vec<f64> = x.windows(2).map(|p| p[1] - p[0]).collect();
    let rows = x.len() - 1 - max;
    let mut best = (0, f64::INFINITY);
    for lag in 0..=max {
        let mut data = vec![1.0; rows];
        data.extend_from_slice(&x[max..max + rows]);
        for k in 1..=lag {
            data.extend_from_slice(&d[max - k..max - k + rows]);
        }
        let columns = Matrix::from_columns(rows, lag + 2, data);
        let (_, sse) = Qr::new(&columns).solve(&d[max..]);
        let n = rows as f64;
        let aic = n * (sse / n).ln() + 2.0 * (lag + 2) as f64;
        if aic < best.1 {
            best = (lag, aic);
        }
    }
    best.0
}

#[test]
fn nested_lags_choose_what_single_regressions_choose() {
    let mut random = Random::new(11, 0);
    for case in 0..30 {
        let mut x = walk(60 + 7 * case, &mut random);
        if case % 3 == 0 {
            for t in 2..x.len() {
                x[t] = x[t - 1] + 0.5 * (x[t - 1] - x[t - 2]) + random.normal();
            }
        }
        let found = adf(&x, Trend::Constant, Some(9), LagRule::Aic).unwrap();
        assert_eq!(found.root.lags, naive_lag(&x, 9), "case {case}");
    }
}

#[test]
fn a_screen_is_one_test_a_pair_on_any_number_of_threads() {
    let mut random = Random::new(12, 0);
    let (rows, n) = (300, 70);
    let mut data: Vec<f64> = Vec::new();
    for _ in 0..n {
        data.extend(walk(rows, &mut random));
    }
    let prices = Matrix::from_columns(rows, n, data);
    for lags in [
        ScreenLags::Fixed(0),
        ScreenLags::Fixed(1),
        ScreenLags::Aic(3),
    ] {
        let plan = |threads| ScreenPlan {
            trend: Trend::Constant,
            lags,
            fdr: 0.05,
            dependent: false,
            threads,
        };
        let found = screen(&prices, plan(1), &mut |_, _| true).unwrap();
        assert_eq!(found, screen(&prices, plan(3), &mut |_, _| true).unwrap());
        for row in (0..n * (n - 1)).step_by(97) {
            let (i, k) = (row / (n - 1), row % (n - 1));
            let j = k + usize::from(k >= i);
            let other = prices.block(0, j, rows, 1);
            let lag = Some(found.lags[row]);
            let one =
                engle_granger(prices.col(i), &other, Trend::Constant, lag, LagRule::Fixed).unwrap();
            close(found.statistic[row], one.root.statistic, 1e-8);
            close(found.hedge_ratio[row], one.hedge[0], 1e-9);
            close(found.pvalue[row], one.pvalue, 1e-7);
        }
        // Adjusted p-values by their definition.
        let mut sorted = found.pvalue.clone();
        sorted.sort_by(f64::total_cmp);
        for row in (0..n * (n - 1)).step_by(501) {
            let m = sorted.len();
            let least = (0..m)
                .filter(|r| sorted[*r] >= found.pvalue[row])
                .map(|r| sorted[r] * m as f64 / (r as f64 + 1.0))
                .fold(1.0, f64::min);
            close(found.qvalue[row], least, 1e-12);
        }
    }
}

#[test]
fn a_screen_can_be_stopped() {
    let mut random = Random::new(13, 0);
    let data = (0..4).flat_map(|_| walk(100, &mut random)).collect();
    let prices = Matrix::from_columns(100, 4, data);
    let plan = ScreenPlan {
        trend: Trend::Constant,
        lags: ScreenLags::Fixed(1),
        fdr: 0.05,
        dependent: false,
        threads: 1,
    };
    assert!(screen(&prices, plan, &mut |_, _| false).is_err());
}

#[test]
fn scaled_recursions_count_every_path() {
    let mut random = Random::new(14, 0);
    let values: Vec<f64> = (0..8).map(|_| 2.0 * random.normal()).collect();
    let model = Hmm {
        states: 2,
        dims: 1,
        start: vec![0.3, 0.7],
        transitions: vec![0.9, 0.1, 0.25, 0.75],
        means: vec![-1.0, 1.5],
        variances: vec![0.5, 2.0],
    };
    let density = |s: usize, x: f64| {
        let (m, v): (f64, f64) = (model.means[s], model.variances[s]);
        (-0.5 * (x - m) * (x - m) / v).exp() / (2.0 * std::f64::consts::PI * v).sqrt()
    };
    let mut total = 0.0;
    for path in 0..256_usize {
        let state = |t: usize| (path >> t) & 1;
        let mut p = model.start[state(0)] * density(state(0), values[0]);
        for t in 1..8 {
            p *= model.transitions[2 * state(t - 1) + state(t)] * density(state(t), values[t]);
        }
        total += p;
    }
    let sample = Sample::try_new(values, 1, vec![]).unwrap();
    close(model.score(&sample).unwrap(), total.ln(), 1e-12);
}

#[test]
fn a_climb_never_falls_and_does_not_depend_on_threads() {
    let mut random = Random::new(15, 0);
    let values: Vec<f64> = (0..600)
        .map(|t| if (t / 60) % 2 == 0 { 0.5 } else { 2.0 } * random.normal())
        .collect();
    let sample = Sample::try_new(values, 1, vec![]).unwrap();
    let plan = |max_iter, threads| FitPlan {
        states: 2,
        restarts: 4,
        max_iter,
        tol: 1e-9,
        seed: 1,
        start: StartLaw::Free,
        one_variance: false,
        threads,
    };
    let mut last = f64::NEG_INFINITY;
    for steps in 1..15 {
        let found = fit(&sample, plan(steps, 1), None, &mut |_, _| true).unwrap();
        assert!(found.loglik >= last - 1e-9);
        last = found.loglik;
    }
    let one = fit(&sample, plan(300, 1), None, &mut |_, _| true).unwrap();
    let four = fit(&sample, plan(300, 4), None, &mut |_, _| true).unwrap();
    assert_eq!(one.model, four.model);
    assert!(one.converged);
}
