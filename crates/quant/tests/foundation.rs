//! What the kernels stand on, against NumPy 2.4.6, SciPy 1.17.1 and themselves.
//!
//! The figures come from `tools/quant_foundation.py`.

use py_rt_quant::linalg::{lanes, product, Cholesky, Matrix, Qr, Svd, SymmetricEigen};
use py_rt_quant::random::Random;
use py_rt_quant::special;

fn close(found: f64, expected: f64, relative: f64) {
    let error = (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE);
    assert!(
        error <= relative || found.to_bits() == expected.to_bits(),
        "{found:e} for {expected:e}"
    );
}

fn noise(rows: usize, cols: usize, seed: u64) -> Matrix {
    let mut random = Random::new(seed, 0);
    let data = (0..rows * cols).map(|_| random.normal()).collect();
    Matrix::from_columns(rows, cols, data)
}

fn distance(a: &Matrix, b: &Matrix) -> f64 {
    a.data()
        .iter()
        .zip(b.data())
        .fold(0.0, |m, (x, y)| m.max((x - y).abs()))
}

#[test]
fn the_generator_is_numpys_philox() {
    let mut random = Random::new(7, 3);
    let found: Vec<u64> = (0..6).map(|_| random.bits()).collect();
    assert_eq!(
        found,
        [
            0x7b6c_c7b1_862c_c5f2,
            0xb960_f2ea_4b3f_8d9f,
            0x0cdd_72e0_15de_b1a6,
            0x50ed_b0d2_2a6a_6fd5,
            0xae45_891b_f7ab_4df3,
            0x3200_5aae_5c70_0f2c,
        ]
    );
}

#[test]
fn whole_numbers_are_uniform_and_normals_are_normal() {
    let mut random = Random::new(1, 0);
    let mut counts = [0_usize; 7];
    for _ in 0..70_000 {
        counts[random.below(7)] += 1;
    }
    assert!(
        counts.iter().all(|c| c.abs_diff(10_000) < 400),
        "{counts:?}"
    );
    let x: Vec<f64> = (0..100_000).map(|_| random.normal()).collect();
    assert!(lanes::mean(&x).abs() < 0.015);
    assert!((lanes::variance(&x, 1) - 1.0).abs() < 0.02);
}

#[test]
fn the_normal_quantile() {
    for (p, x) in [
        (1e-300, -37.047_096_299_361_2),
        (1e-20, -9.262_340_089_798_409),
        (1e-5, -4.264_890_793_922_825),
        (0.01, -2.326_347_874_040_840_8),
        (0.3, -0.524_400_512_708_040_9),
        (0.5, 0.0),
        (0.6, 0.253_347_103_135_799_7),
        (0.975, 1.959_963_984_540_054),
        (0.999_999, 4.753_424_308_817_087),
    ] {
        close(special::normal_quantile(p), x, 1e-15);
    }
    assert!(special::normal_quantile(-0.1).is_nan());
    assert!(special::normal_quantile(1.0).is_infinite());
}

#[test]
fn the_cumulative_distributions() {
    close(special::normal_cdf(-10.0), 7.619_853_024_160_47e-24, 1e-14);
    close(special::normal_cdf(-2.0), 0.022_750_131_948_179_195, 1e-15);
    close(special::normal_cdf(0.3), 0.617_911_422_188_952_6, 1e-15);
    for (k, x, below, above) in [
        (1.0, 3.84, 0.949_956_478_751_294_9, 0.050_043_521_248_705_19),
        (2.0, 0.1, 0.048_770_575_499_285_99, 0.951_229_424_500_714),
        (
            10.0,
            50.0,
            0.999_999_733_091_657_5,
            2.669_083_424_904_495e-7,
        ),
        (
            100.0,
            80.0,
            0.070_335_066_659_394_9,
            0.929_664_933_340_605_1,
        ),
        (3.0, 1e-3, 8.407_919_058_046_16e-6, 0.999_991_592_080_941_9),
    ] {
        close(special::chi_squared_cdf(k, x), below, 2e-13);
        close(special::chi_squared_sf(k, x), above, 2e-13);
    }
    for (n, x, p) in [
        (1.0, -3.0, 0.102_416_382_349_566_72),
        (4.0, 2.1, 0.948_173_356_841_199),
        (30.0, -9.0, 2.507_415_958_073_944_3e-10),
        (4.5, 0.2, 0.574_900_194_052_469),
    ] {
        close(special::student_cdf(n, x), p, 2e-13);
    }
    for (n, p, x) in [
        (1.0, 0.01, -31.820_515_953_773_96),
        (4.0, 0.975, 2.776_445_105_197_793_4),
        (30.0, 1e-9, -8.445_862_796_274_243),
        (2.5, 0.6, 0.281_459_512_748_547_7),
    ] {
        close(special::student_quantile(n, p), x, 1e-12);
    }
    for (a, b, x, p) in [
        (2.0, 3.0, 0.4, 0.524_8),
        (0.5, 0.5, 0.1, 0.204_832_764_699_133_45),
        (50.0, 20.0, 0.8, 0.952_386_709_245_833_5),
    ] {
        close(special::beta_cdf(a, b, x), p, 2e-13);
    }
}

#[test]
fn cholesky_gives_the_matrix_back_and_names_a_dependent_column() {
    for n in [1, 5, 64, 65, 150] {
        let x = noise(2 * n + 3, n, n as u64);
        let g = product::gram(&x);
        let factor = Cholesky::try_new(&g).unwrap();
        let l = factor.factor();
        let mut back = Matrix::zeros(n, n);
        product::gemm(1.0, (l, false), (l, true), 0.0, &mut back);
        assert!(distance(&back, &g) < 1e-11 * g.at(0, 0), "n = {n}");
        let b: Vec<f64> = (0..n).map(|i| i as f64 - 2.0).collect();
        let again = product::apply(&g, &factor.solve(&b));
        assert!(b.iter().zip(&again).all(|(x, y)| (x - y).abs() < 1e-9));
    }
    let mut x = noise(40, 4, 3);
    let sum: Vec<f64> = (0..40).map(|i| x.at(i, 0) - 3.0 * x.at(i, 1)).collect();
    x.col_mut(2).copy_from_slice(&sum);
    assert_eq!(Cholesky::try_new(&product::gram(&x)).unwrap_err(), 2);
}

#[test]
fn qr_solves_least_squares_at_any_scale() {
    for scale in [1.0, 1e-140, 1e140] {
        let mut x = noise(60, 3, 5);
        for value in x.data_mut() {
            *value *= scale;
        }
        let b: Vec<f64> = (0..60)
            .map(|i| x.at(i, 0) + 2.0 * x.at(i, 1) - x.at(i, 2))
            .collect();
        let (coefficients, sse) = Qr::new(&x).solve(&b);
        for (found, expected) in coefficients.iter().zip([1.0, 2.0, -1.0]) {
            close(*found, expected, 1e-13);
        }
        assert!(sse <= 1e-25 * scale * scale);
    }
    let x = noise(60, 4, 6);
    let qr = Qr::new(&x);
    let factor = Cholesky::try_new(&product::gram(&x)).unwrap();
    for j in 0..4 {
        let mut unit = [0.0; 4];
        unit[j] = 1.0;
        close(qr.inverse_diagonal(j), factor.solve(&unit)[j], 1e-12);
    }
}

#[test]
fn qr_passes_a_dependent_column_over() {
    let mut x = noise(40, 4, 3);
    let sum: Vec<f64> = (0..40).map(|i| 1e-6 * (x.at(i, 0) + x.at(i, 1))).collect();
    x.col_mut(2).copy_from_slice(&sum);
    let qr = Qr::in_order(&x);
    assert_eq!((qr.rank(), qr.dependent()), (3, Some(2)));
    assert_eq!(Qr::new(&x).rank(), 3);
    x.col_mut(1).fill(0.0);
    let qr = Qr::in_order(&x);
    assert_eq!((qr.rank(), qr.dependent()), (3, Some(1)));
}

#[test]
fn eigenvectors_give_the_matrix_back() {
    for n in [1, 2, 3, 12, 70] {
        let x = noise(n + 2, n, 9 + n as u64);
        let g = product::gram(&x);
        let eigen = SymmetricEigen::try_new(&g).unwrap();
        let v = &eigen.vectors;
        let mut scaled = v.clone();
        for (j, value) in eigen.values.iter().enumerate() {
            for entry in scaled.col_mut(j) {
                *entry *= value;
            }
        }
        let mut back = Matrix::zeros(n, n);
        product::gemm(1.0, (&scaled, false), (v, true), 0.0, &mut back);
        assert!(distance(&back, &g) < 1e-12 * (n as f64) * eigen.values[n - 1].abs());
        assert!(distance(&product::gram(v), &Matrix::identity(n)) < 1e-13 * n as f64);
        assert!(eigen.values.windows(2).all(|pair| pair[0] <= pair[1]));
    }
    let diagonal = Matrix::from_rows(3, 3, &[2.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 2.0]);
    let eigen = SymmetricEigen::try_new(&diagonal).unwrap();
    assert_eq!(eigen.values, [-1.0, 2.0, 2.0]);
}

#[test]
fn singular_vectors_give_the_matrix_back() {
    for (m, n) in [(1, 1), (9, 4), (4, 9), (30, 30)] {
        let x = noise(m, n, 17);
        let svd = Svd::try_new(&x).unwrap();
        let k = m.min(n);
        let mut scaled = svd.u.clone();
        for j in 0..k {
            for entry in scaled.col_mut(j) {
                *entry *= svd.s[j];
            }
        }
        let mut back = Matrix::zeros(m, n);
        product::gemm(1.0, (&scaled, false), (&svd.v, true), 0.0, &mut back);
        assert!(distance(&back, &x) < 1e-12);
        assert!(svd.s.windows(2).all(|pair| pair[0] >= pair[1]));
    }
    let zero = Svd::try_new(&Matrix::zeros(3, 2)).unwrap();
    assert_eq!(zero.s, [0.0, 0.0]);
}

#[test]
fn sums_do_not_depend_on_the_registers() {
    let x = noise(1003, 2, 1);
    let (a, b) = (x.col(0), x.col(1));
    assert_eq!(lanes::dot(a, b).to_bits(), lanes::dot_in(a, b).to_bits());
    assert_eq!(lanes::sum(a).to_bits(), lanes::sum_in(a).to_bits());
    let mut level: Vec<f64> = a.iter().map(|x| x + 1e12).collect();
    lanes::centre(&mut level);
    assert!(lanes::mean(&level).abs() < 1e-9);
}
