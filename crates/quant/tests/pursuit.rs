//! Principal component pursuit on the random model of its paper, and its optimality elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_range_loop)]
use py_rt_quant::linalg::{product, Matrix, Svd};
use py_rt_quant::random::Random;
use py_rt_quant::robust::{default_penalty, pursue, Parts, Pursuit};

fn model(m: usize, n: usize, rank: usize, share: f64, seed: u64) -> (Matrix, Matrix) {
    let mut random = Random::new(seed, 0);
    let mut draw = |rows: usize, cols: usize, scale: f64| {
        let mut a = Matrix::zeros(rows, cols);
        a.data_mut()
            .iter_mut()
            .for_each(|v| *v = scale * random.normal());
        a
    };
    let (x, y) = (
        draw(m, rank, 1.0 / (n as f64).sqrt()),
        draw(n, rank, 1.0 / (m as f64).sqrt()),
    );
    let mut low = Matrix::zeros(m, n);
    product::gemm(1.0, (&x, false), (&y, true), 0.0, &mut low);
    let mut sparse = Matrix::zeros(m, n);
    for v in sparse.data_mut() {
        if random.uniform() < share {
            *v = if random.uniform() < 0.5 { 1.0 } else { -1.0 };
        }
    }
    (low, sparse)
}

fn solve(m: &Matrix, delta: f64) -> Parts {
    let asked = Pursuit {
        lambda: default_penalty(m.rows(), m.cols()),
        delta,
        mu: 1.25,
        tol: 1e-7,
        max_iter: 1000,
    };
    pursue(m, asked, &mut |_, _| true).unwrap()
}

fn sum(a: &Matrix, b: &Matrix) -> Matrix {
    let mut c = a.clone();
    c.data_mut()
        .iter_mut()
        .zip(b.data())
        .for_each(|(c, b)| *c += b);
    c
}

fn distance(a: &Matrix, b: &Matrix) -> f64 {
    let pairs = a.data().iter().zip(b.data());
    let square: f64 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
    let size: f64 = b.data().iter().map(|b| b * b).sum();
    (square / size).sqrt()
}

#[test]
fn rank_and_support_of_the_random_model_are_recovered() {
    for (m, n, rank, share) in [(200, 200, 10, 0.05), (150, 80, 4, 0.1), (80, 150, 4, 0.05)] {
        let (low, sparse) = model(m, n, rank, share, 1);
        let found = solve(&sum(&low, &sparse), 0.0);
        println!(
            "{m} {n} {} steps {} {} {}",
            found.iterations, found.rank, found.residual, found.dual_residual
        );
        assert!(
            found.converged && found.rank == rank,
            "{} {}",
            found.rank,
            found.residual
        );
        assert!(distance(&found.low_rank, &low) < 1e-5);
        for (s, t) in found.sparse.data().iter().zip(sparse.data()) {
            assert_eq!(*s != 0.0 && s.abs() > 1e-4, *t != 0.0);
        }
    }
}

#[test]
fn noise_of_known_size_is_taken_out() {
    let (low, sparse) = model(120, 100, 5, 0.05, 2);
    let mut m = sum(&low, &sparse);
    let mut random = Random::new(3, 0);
    let mut square = 0.0;
    for v in m.data_mut() {
        let e = 1e-3 * random.normal();
        square += e * e;
        *v += e;
    }
    let delta = f64::sqrt(square);
    let found = solve(&m, delta);
    println!(
        "stable: {} steps rank {} {} {}",
        found.iterations, found.rank, found.residual, found.dual_residual
    );
    assert!(found.converged);
    assert!(distance(&found.low_rank, &low) < 0.05);
    let rest = sum(&found.low_rank, &found.sparse);
    let pairs = m.data().iter().zip(rest.data());
    let left: f64 = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
    assert!(
        left.sqrt() <= delta * (1.0 + 1e-4),
        "{} {delta}",
        left.sqrt()
    );
}

/// A dual point made of the solution bounds the minimum from below.
#[test]
fn the_duality_gap_is_small_on_data_that_are_no_exact_sum() {
    let mut random = Random::new(7, 0);
    let mut m = Matrix::zeros(90, 60);
    let factor: Vec<f64> = (0..90).map(|_| random.normal()).collect();
    for j in 0..60 {
        for i in 0..90 {
            let tail = random.normal() / (0.2 + random.uniform());
            m.set(i, j, 0.01 * (factor[i] + tail));
        }
    }
    let found = solve(&m, 0.0);
    println!(
        "data: {} steps rank {} {} {}",
        found.iterations, found.rank, found.residual, found.dual_residual
    );
    assert!(found.converged);
    let lambda = default_penalty(90, 60);
    let svd = Svd::try_new(&found.low_rank).unwrap();
    let nuclear: f64 = svd.s.iter().sum();
    let sparse: f64 = found.sparse.data().iter().map(|v| v.abs()).sum();
    assert!((nuclear + lambda * sparse - found.objective).abs() < 1e-6 * found.objective);
    let spectral = Svd::try_new(&found.dual).unwrap().s[0];
    let peak = found
        .dual
        .data()
        .iter()
        .fold(0.0_f64, |a, v| a.max(v.abs()));
    let scale = spectral.max(peak / lambda);
    let bound: f64 = found
        .dual
        .data()
        .iter()
        .zip(m.data())
        .map(|(y, m)| y * m)
        .sum();
    let gap = 1.0 - bound / scale / found.objective;
    println!("relative duality gap {gap:e}");
    assert!(gap.abs() < 1e-4, "{gap}");
}
