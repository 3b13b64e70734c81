//! Quadratic programs of portfolio choice against their optimality, feasible rivals and proofs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_range_loop)]
use py_rt_quant::linalg::{product, Matrix};
use py_rt_quant::portfolio::program::{Distance, Program, Row};
use py_rt_quant::portfolio::{budgeting, long_only};
use py_rt_quant::random::Random;
use py_rt_quant::QuantError;

fn factor_cov(n: usize, k: usize, noise: f64, random: &mut Random) -> Matrix {
    let mut b = Matrix::zeros(k, n);
    b.data_mut()
        .iter_mut()
        .for_each(|v| *v = 0.1 * random.normal() + 0.1);
    let mut c = product::gram(&b);
    for i in 0..n {
        c.set(i, i, c.at(i, i) + noise * (0.5 + random.uniform()));
    }
    c
}

fn row(name: &str, coefficients: Vec<f64>, lower: f64, upper: f64) -> Row {
    Row {
        name: name.into(),
        coefficients,
        lower,
        upper,
    }
}

fn objective(p: &Program<'_>, w: &[f64]) -> f64 {
    let mut value = 0.5 * product::quadratic(w, p.quadratic, w);
    for i in 0..w.len() {
        value += p.linear[i] * w[i];
    }
    for d in &p.distances {
        for i in 0..w.len() {
            let away = w[i] - d.from[i];
            value += if away > 0.0 {
                away * d.buy[i]
            } else {
                -away * d.sell[i]
            };
        }
    }
    value
}

fn violation(p: &Program<'_>, w: &[f64]) -> f64 {
    let mut worst = 0.0_f64;
    for i in 0..w.len() {
        worst = worst.max(p.lower[i] - w[i]).max(w[i] - p.upper[i]);
    }
    for r in &p.rows {
        let v: f64 = r.coefficients.iter().zip(w).map(|(a, b)| a * b).sum();
        worst = worst.max(r.lower - v).max(v - r.upper);
    }
    for d in &p.distances {
        let v: f64 = d.from.iter().zip(w).map(|(a, b)| (a - b).abs()).sum();
        worst = worst.max(v - d.limit);
    }
    worst
}

#[test]
fn no_convex_move_towards_a_rival_helps() {
    let mut random = Random::new(5, 0);
    let mut polished = 0;
    for trial in 0..60 {
        let n = 3 + random.below(25);
        let cov = factor_cov(n, 3, 0.01, &mut random);
        let mu: Vec<f64> = (0..n).map(|_| -0.05 * random.normal()).collect();
        let half: Vec<f64> = (0..n).map(|i| f64::from(u8::from(i % 2 == 0))).collect();
        let from = vec![1.0 / n as f64; n];
        let make = |linear: Vec<f64>| Program {
            quadratic: &cov,
            linear,
            lower: vec![-0.1; n],
            upper: vec![0.6; n],
            rows: vec![
                row("budget", vec![1.0; n], 1.0, 1.0),
                row("half", half.clone(), 0.2, 0.55),
            ],
            distances: if trial % 3 == 0 {
                vec![]
            } else {
                vec![Distance {
                    name: "turnover".into(),
                    from: from.clone(),
                    buy: vec![0.002; n],
                    sell: vec![0.001; n],
                    limit: if trial % 3 == 1 { 0.3 } else { f64::INFINITY },
                }]
            },
        };
        let program = make(mu);
        let best = program.solve().unwrap();
        polished += usize::from(best.polished.is_some());
        assert!(best.residual < 1e-8, "trial {trial}: {}", best.residual);
        assert!(violation(&program, &best.weights) < 1e-9, "trial {trial}");
        let at = objective(&program, &best.weights);
        for _ in 0..8 {
            let other = make((0..n).map(|_| random.normal()).collect());
            let rival = other.solve().unwrap();
            for share in [1e-4, 1e-2, 0.5] {
                let w: Vec<f64> = (0..n)
                    .map(|i| best.weights[i] + share * (rival.weights[i] - best.weights[i]))
                    .collect();
                assert!(objective(&program, &w) >= at - 1e-12, "trial {trial}");
            }
        }
    }
    println!("polished {polished} of 60");
    assert!(polished >= 55, "polished {polished} of 60");
}

#[test]
fn contradictions_are_proved_and_named() {
    let cov = Matrix::identity(4);
    let base = Program {
        quadratic: &cov,
        linear: vec![0.0; 4],
        lower: vec![0.0; 4],
        upper: vec![1.0; 4],
        rows: vec![
            row("budget", vec![1.0; 4], 1.0, 1.0),
            row("first two", vec![1.0, 1.0, 0.0, 0.0], 0.0, 0.3),
            row("last two", vec![0.0, 0.0, 1.0, 1.0], 0.0, 0.3),
        ],
        distances: vec![],
    };
    let told = base.solve().unwrap_err();
    assert!(matches!(told, QuantError::Infeasible { .. }), "{told}");
    let text = told.to_string();
    assert!(
        text.contains("first two") && text.contains("last two"),
        "{text}"
    );
    let turnover = Program {
        rows: vec![row("budget", vec![1.0; 4], 1.0, 1.0)],
        distances: vec![Distance {
            name: "turnover".into(),
            from: vec![0.0; 4],
            buy: vec![0.0; 4],
            sell: vec![0.0; 4],
            limit: 0.5,
        }],
        ..base.clone()
    };
    let text = turnover.solve().unwrap_err().to_string();
    assert!(text.contains("turnover"), "{text}");
    let narrow = Program {
        upper: vec![0.2; 4],
        ..base
    };
    let text = narrow.solve().unwrap_err().to_string();
    assert!(text.contains("budget"), "{text}");
}

#[test]
fn long_only_agrees_with_the_general_solver() {
    let mut random = Random::new(11, 0);
    for trial in 0..40 {
        let n = 2 + random.below(40);
        let cov = factor_cov(n, 5, 0.02, &mut random);
        let deviations: Vec<f64> = (0..n).map(|i| cov.at(i, i).sqrt()).collect();
        let held = long_only::solve(&cov, &deviations, &vec![1.0; n]).unwrap();
        let sum: f64 = held.x.iter().sum();
        let program = Program {
            quadratic: &cov,
            linear: vec![0.0; n],
            lower: vec![0.0; n],
            upper: vec![1.0; n],
            rows: vec![row("budget", vec![1.0; n], 1.0, 1.0)],
            distances: vec![],
        };
        let general = program.solve().unwrap();
        for i in 0..n {
            assert!(
                (held.x[i] / sum - general.weights[i]).abs() < 1e-9,
                "trial {trial} {i}"
            );
        }
    }
}

#[test]
fn budgets_are_met() {
    let mut random = Random::new(3, 0);
    for n in [1, 2, 7, 60] {
        let cov = factor_cov(n, 2, 0.001, &mut random);
        let b: Vec<f64> = (0..n).map(|_| 0.1 + random.uniform()).collect();
        let r = budgeting::risk_budgets(&cov, &b, 1e-12).unwrap();
        let s = product::apply(&cov, &r.weights);
        let total: f64 = b.iter().sum();
        let variance: f64 = s.iter().zip(&r.weights).map(|(a, b)| a * b).sum();
        for i in 0..n {
            assert!((r.weights[i] * s[i] / variance - b[i] / total).abs() < 1e-10);
        }
    }
    let opposite = Matrix::from_columns(2, 2, vec![1.0, -2.0, -2.0, 4.0]);
    assert!(matches!(
        budgeting::risk_budgets(&opposite, &[1.0, 1.0], 1e-10),
        Err(QuantError::Degenerate(_))
    ));
}
