//! Every indicator against a naive recomputation on seeded data, and the laws all of them obey.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::float_cmp, clippy::int_plus_one)]

use py_rt_quant::{
    Atr, Bollinger, Ema, IndicatorError, Macd, Obv, Rsi, Sma, Stochastic, Vwap, Wma, ZScore,
};

/// A small generator (SplitMix64), so that a seed means the same everywhere.
struct Random(u64);

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}

struct Bars {
    high: Vec<f64>,
    low: Vec<f64>,
    close: Vec<f64>,
    volume: Vec<f64>,
}

fn bars(seed: u64, n: usize) -> Bars {
    let mut random = Random(seed);
    let mut all = Bars {
        high: vec![],
        low: vec![],
        close: vec![],
        volume: vec![],
    };
    let mut price = 100.0;
    for _ in 0..n {
        let open = price;
        price *= (0.01 * random.normal()).exp();
        let close = (price * 100.0_f64).round() / 100.0;
        all.high
            .push(f64::max(open, close) * (1.0 + 0.003 * random.unit()));
        all.low
            .push(f64::min(open, close) * (1.0 - 0.003 * random.unit()));
        all.close.push(close);
        all.volume.push((random.unit() * 1e4).floor());
    }
    all
}

fn noise(seed: u64, n: usize, level: f64) -> Vec<f64> {
    let mut random = Random(seed);
    (0..n).map(|_| level + random.normal()).collect()
}

fn mean(xs: &[f64]) -> f64 {
    xs.iter().sum::<f64>() / xs.len() as f64
}

/// Sum of squared deviations in two passes.
fn deviation(xs: &[f64]) -> f64 {
    let m = mean(xs);
    xs.iter().map(|x| (x - m) * (x - m)).sum()
}

fn rolling(xs: &[f64], n: usize, fold: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    (0..xs.len())
        .map(|i| {
            if i + 1 < n {
                f64::NAN
            } else {
                fold(&xs[i + 1 - n..=i])
            }
        })
        .collect()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        let near = (a - b).abs() <= tolerance * b.abs().max(1.0);
        assert!(
            near || (a.is_nan() && b.is_nan()),
            "{what} at {i}: found {a}, expected {b}"
        );
    }
}

fn assert_same_bits(streamed: &[f64], batch: &[f64], what: &str) {
    assert_eq!(streamed.len(), batch.len(), "{what}");
    for (i, (a, b)) in streamed.iter().zip(batch).enumerate() {
        let same = a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan());
        assert!(same, "{what} at {i}: streamed {a:e}, batch {b:e}");
    }
}

/// The laws of an indicator of one or more columns and one or more lines.
macro_rules! obeys_the_laws {
    ($name:expr, $new:expr, $warm:expr, [$($column:expr),+], $lines:expr) => {{
        let mut one = $new;
        let n = obeys_the_laws!(@first $($column),+).len();
        let lines = $lines;
        for round in 0..2 {
            assert!(!one.ready(), "{}: ready before any bar", $name);
            assert!(lines(&one.value()).iter().all(|x| x.is_nan()), "{}", $name);
            let mut streamed: Vec<Vec<f64>> = Vec::new();
            for i in 0..n {
                let value = one.update($($column[i]),+);
                assert_eq!(one.ready(), i + 1 >= $warm, "{}: ready at {i}", $name);
                let (row, kept) = (lines(&value), lines(&one.value()));
                assert_same_bits(&row, &kept, "value() is what update returned");
                assert_eq!(row.iter().all(|x| !x.is_nan()), one.ready(), "{} at {i}", $name);
                streamed.push(row);
            }
            let batch: Vec<Vec<f64>> =
                obeys_the_laws!(@rows one.batch($(&$column),+)).iter().map(lines).collect();
            assert_same_bits(&streamed.concat(), &batch.concat(), $name);
            assert!(one.ready(), "{}: batch touched the state, round {round}", $name);
            one.reset();
        }
    }};
    (@first $first:expr $(, $rest:expr)*) => { $first };
    (@rows $rows:expr) => { Rows::rows($rows) };
}

/// Batches of one column cannot fail, others can.
trait Rows<T> {
    fn rows(self) -> Vec<T>;
}
impl<T> Rows<T> for Vec<T> {
    fn rows(self) -> Vec<T> {
        self
    }
}
impl<T> Rows<T> for Result<Vec<T>, IndicatorError> {
    fn rows(self) -> Vec<T> {
        self.unwrap()
    }
}

#[test]
fn stream_equals_batch_and_reset_equals_new() {
    let Bars {
        high,
        low,
        close,
        mut volume,
    } = bars(7, 400);
    volume[0] = 500.0;
    let one = |x: &f64| vec![*x];
    for n in [1, 2, 3, 14, 20, 399, 400] {
        obeys_the_laws!("sma", Sma::new(n).unwrap(), n, [close], one);
        obeys_the_laws!("ema", Ema::new(n).unwrap(), n, [close], one);
        obeys_the_laws!("wma", Wma::new(n).unwrap(), n, [close], one);
    }
    for n in [2, 14, 399] {
        obeys_the_laws!("rsi", Rsi::new(n).unwrap(), n + 1, [close], one);
        obeys_the_laws!("zscore", ZScore::new(n).unwrap(), n, [close], one);
        obeys_the_laws!("atr", Atr::new(n).unwrap(), n + 1, [high, low, close], one);
        let bands = |x: &py_rt_quant::BollingerValue| vec![x.upper, x.middle, x.lower];
        obeys_the_laws!(
            "bollinger",
            Bollinger::new(n, 2.0).unwrap(),
            n,
            [close],
            bands
        );
    }
    let lines = |x: &py_rt_quant::MacdValue| vec![x.macd, x.signal, x.histogram];
    obeys_the_laws!("macd", Macd::new(12, 26, 9).unwrap(), 34, [close], lines);
    obeys_the_laws!("macd", Macd::new(1, 2, 1).unwrap(), 2, [close], lines);
    let lines = |x: &py_rt_quant::StochasticValue| vec![x.k, x.d];
    obeys_the_laws!(
        "stochastic",
        Stochastic::new(14, 3, 3).unwrap(),
        18,
        [high, low, close],
        lines
    );
    obeys_the_laws!("obv", Obv::new(), 1, [close, volume], one);
    obeys_the_laws!("vwap", Vwap::new(), 1, [high, low, close, volume], one);
}

#[test]
fn windows_agree_with_recomputation() {
    for (seed, n) in [(1, 1), (2, 2), (3, 5), (4, 20), (5, 97), (6, 300)] {
        let xs = bars(seed, 1_000).close;
        assert_close(
            &Sma::new(n).unwrap().batch(&xs),
            &rolling(&xs, n, mean),
            1e-13,
            "sma",
        );
        let weighted = rolling(&xs, n, |w| {
            let weights = (n * (n + 1)) as f64 / 2.0;
            w.iter()
                .enumerate()
                .map(|(i, x)| (i + 1) as f64 * x)
                .sum::<f64>()
                / weights
        });
        assert_close(&Wma::new(n).unwrap().batch(&xs), &weighted, 1e-13, "wma");
        if n < 2 {
            continue;
        }
        let z = rolling(&xs, n, |w| {
            let sd = (deviation(w) / (n as f64 - 1.0)).sqrt();
            if sd == 0.0 {
                0.0
            } else {
                (w[n - 1] - mean(w)) / sd
            }
        });
        assert_close(&ZScore::new(n).unwrap().batch(&xs), &z, 1e-10, "zscore");
        let upper = rolling(&xs, n, |w| mean(w) + 2.5 * (deviation(w) / n as f64).sqrt());
        let bands = Bollinger::new(n, 2.5).unwrap().batch(&xs);
        let found: Vec<f64> = bands.iter().map(|b| b.upper).collect();
        assert_close(&found, &upper, 1e-12, "bollinger");
        for b in bands.iter().filter(|b| !b.middle.is_nan()) {
            assert!((b.upper + b.lower - 2.0 * b.middle).abs() < 1e-11);
        }
    }
}

#[test]
fn a_million_values_do_not_drift() {
    for level in [0.0, 1e8, -1e8] {
        let xs = noise(11, 1_000_000, level);
        for n in [20, 250] {
            let sma = Sma::new(n).unwrap().batch(&xs);
            let zs = ZScore::new(n).unwrap().batch(&xs);
            for i in (n - 1..xs.len()).step_by(997).chain([xs.len() - 1]) {
                let window = &xs[i + 1 - n..=i];
                let around: Vec<f64> = window.iter().map(|x| x - level).collect();
                let exact = level + mean(&around);
                assert!(
                    (sma[i] - exact).abs() <= 1e-13 * exact.abs().max(1.0),
                    "sma {level} {i}"
                );
                assert!((sma[i] - mean(window)).abs() <= 1e-10 * exact.abs().max(1.0));
                let sd = (deviation(&around) / (n as f64 - 1.0)).sqrt();
                let z = (around[n - 1] - mean(&around)) / sd;
                assert!(
                    (zs[i] - z).abs() <= 1e-10,
                    "zscore {level} {i}: {} against {z}",
                    zs[i]
                );
            }
        }
    }
}

#[test]
fn a_constant_window_is_exact_whatever_came_before() {
    for c in [0.1, 123.456, 1e8 + 0.3] {
        let mut xs = noise(3, 137, 1e6);
        xs.push(1e15);
        xs.extend([c; 60]);
        for n in [2, 7, 20, 33] {
            let settled = 137 + n;
            let sma = Sma::new(n).unwrap().batch(&xs);
            let wma = Wma::new(n).unwrap().batch(&xs);
            let z = ZScore::new(n).unwrap().batch(&xs);
            let bands = Bollinger::new(n, 2.0).unwrap().batch(&xs);
            for i in settled..xs.len() {
                assert_eq!((sma[i], wma[i], z[i]), (c, c, 0.0), "n {n} at {i}");
                assert_eq!((bands[i].upper, bands[i].middle, bands[i].lower), (c, c, c));
            }
        }
        let ema = Ema::new(10).unwrap().batch(&[c; 40]);
        assert!(ema[9..].iter().all(|x| *x == c));
        let bar = [c; 5];
        let vwap = Vwap::new()
            .batch(&bar, &bar, &bar, &[3.0, 0.1, 7.7, 0.0, 1e6])
            .unwrap();
        assert!(vwap.iter().all(|x| *x == c));
    }
}

#[test]
fn an_outlier_leaves_a_window_with_its_bar() {
    for n in [2, 5, 20] {
        let mut xs = noise(9, 300, 50.0);
        let clean = ZScore::new(n).unwrap().batch(&xs);
        for place in [100, 101, 119, 120] {
            xs[place] = f64::NAN;
        }
        let found = ZScore::new(n).unwrap().batch(&xs);
        assert_close(
            &found[120 + n..],
            &clean[120 + n..],
            0.0,
            "zscore after a bad value",
        );
    }
}

fn naive_ema(xs: &[f64], n: usize, start: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; xs.len()];
    out[start + n - 1] = mean(&xs[start..start + n]);
    for i in start + n..xs.len() {
        let k = 2.0 / (n as f64 + 1.0);
        out[i] = k * xs[i] + (1.0 - k) * out[i - 1];
    }
    out
}

fn naive_wilder(xs: &[f64], n: usize) -> Vec<f64> {
    let mut out = vec![f64::NAN; xs.len()];
    out[n] = mean(&xs[1..=n]);
    for i in n + 1..xs.len() {
        out[i] = (out[i - 1] * (n as f64 - 1.0) + xs[i]) / n as f64;
    }
    out
}

#[test]
fn averages_with_memory_agree_with_recomputation() {
    let Bars {
        high, low, close, ..
    } = bars(21, 700);
    assert_close(
        &Ema::new(20).unwrap().batch(&close),
        &naive_ema(&close, 20, 0),
        1e-12,
        "ema",
    );

    let change: Vec<f64> = (0..close.len())
        .map(|i| if i == 0 { 0.0 } else { close[i] - close[i - 1] })
        .collect();
    let gain = naive_wilder(&change.iter().map(|c| c.max(0.0)).collect::<Vec<_>>(), 14);
    let loss = naive_wilder(
        &change.iter().map(|c| (-c).max(0.0)).collect::<Vec<_>>(),
        14,
    );
    let rsi: Vec<f64> = gain
        .iter()
        .zip(&loss)
        .map(|(g, l)| 100.0 - 100.0 / (1.0 + g / l))
        .collect();
    assert_close(&Rsi::new(14).unwrap().batch(&close), &rsi, 1e-11, "rsi");

    let range: Vec<f64> = (0..close.len())
        .map(|i| {
            let last = close[i.saturating_sub(1)];
            high[i].max(last) - low[i].min(last)
        })
        .collect();
    let atr = Atr::new(14).unwrap().batch(&high, &low, &close).unwrap();
    assert_close(&atr, &naive_wilder(&range, 14), 1e-12, "atr");

    let found = Macd::new(12, 26, 9).unwrap().batch(&close);
    let (fast, slow) = (naive_ema(&close, 12, 14), naive_ema(&close, 26, 0));
    let line: Vec<f64> = fast.iter().zip(&slow).map(|(f, s)| f - s).collect();
    let signal = naive_ema(&line, 9, 25);
    for i in 33..close.len() {
        assert!((found[i].macd - line[i]).abs() < 1e-11, "macd at {i}");
        assert!((found[i].signal - signal[i]).abs() < 1e-11, "signal at {i}");
        assert_eq!(found[i].histogram, found[i].macd - found[i].signal);
    }
}

#[test]
fn oscillator_and_volume_agree_with_recomputation() {
    let Bars {
        high,
        low,
        close,
        volume,
    } = bars(33, 500);
    let raw: Vec<f64> = (13..close.len())
        .map(|i| {
            let top = high[i - 13..=i].iter().copied().fold(f64::MIN, f64::max);
            let bottom = low[i - 13..=i].iter().copied().fold(f64::MAX, f64::min);
            100.0 * (close[i] - bottom) / (top - bottom)
        })
        .collect();
    let k = rolling(&raw, 3, mean);
    let d = rolling(&k[2..], 3, mean);
    let found = Stochastic::new(14, 3, 3)
        .unwrap()
        .batch(&high, &low, &close)
        .unwrap();
    for i in 17..close.len() {
        assert!((found[i].k - k[i - 13]).abs() < 1e-10, "k at {i}");
        assert!((found[i].d - d[i - 15]).abs() < 1e-10, "d at {i}");
    }

    let mut sum = volume[0];
    let obv = Obv::new().batch(&close, &volume).unwrap();
    let vwap = Vwap::new().batch(&high, &low, &close, &volume).unwrap();
    for i in 1..close.len() {
        let step = close[i].partial_cmp(&close[i - 1]).unwrap() as i32;
        sum += f64::from(step) * volume[i];
        assert_eq!(obv[i], sum, "obv at {i}");
        let paid: f64 = (0..=i)
            .map(|j| (high[j] + low[j] + close[j]) / 3.0 * volume[j])
            .sum();
        let naive = paid / volume[..=i].iter().sum::<f64>();
        assert!((vwap[i] - naive).abs() < 1e-11 * naive, "vwap at {i}");
    }
}

#[test]
fn edges_are_those_of_the_documentation() {
    assert_eq!(Rsi::new(3).unwrap().batch(&[5.0; 6])[3..], [0.0; 3]);
    assert_eq!(
        Rsi::new(3).unwrap().batch(&[1.0, 2.0, 3.0, 4.0, 5.0])[3..],
        [100.0; 2]
    );
    assert_eq!(
        Rsi::new(3).unwrap().batch(&[5.0, 4.0, 3.0, 2.0, 1.0])[3..],
        [0.0; 2]
    );
    let mut prices = bars(8, 50).close;
    prices.extend(vec![100.0; 20_000]);
    let rsi = Rsi::new(3).unwrap().batch(&prices);
    assert!(
        (rsi[20_049] - rsi[50]).abs() < 1e-9,
        "a flat stretch keeps the last value"
    );
    let flat = Stochastic::new(2, 1, 1)
        .unwrap()
        .batch(&[3.0; 4], &[3.0; 4], &[3.0; 4])
        .unwrap();
    assert_eq!((flat[1].k, flat[3].d), (0.0, 0.0));
    let mut vwap = Vwap::new();
    assert!(vwap.update(2.0, 1.0, 1.5, 0.0).is_nan() && !vwap.ready());
    assert_eq!(vwap.update(4.0, 2.0, 3.0, 10.0), 3.0);
    assert!(Sma::new(3).unwrap().batch(&[]).is_empty());
    // Fewer values than the period: never ready, never a number.
    assert!(Sma::new(3)
        .unwrap()
        .batch(&[1.0, 2.0])
        .iter()
        .all(|x| x.is_nan()));
}

#[test]
fn bad_parameters_are_named_with_their_range() {
    let text = |e: IndicatorError| format!("{} | {e}", e.name());
    assert_eq!(
        text(Sma::new(0).unwrap_err()),
        "period | period is 0, but must lie between 1 and 1000000"
    );
    assert_eq!(
        text(ZScore::new(1).unwrap_err()),
        "period | period is 1, but must lie between 2 and 1000000"
    );
    assert!(Ema::new(1_000_001).is_err() && Wma::new(0).is_err() && Atr::new(0).is_err());
    assert!(Rsi::new(1).is_err() && Bollinger::new(1, 2.0).is_err());
    for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Bollinger::new(20, width).unwrap_err().name(), "width");
    }
    assert_eq!(
        text(Macd::new(26, 12, 9).unwrap_err()),
        "fast | fast is 26, but must be less than slow, which is 12"
    );
    assert_eq!(Macd::new(0, 26, 9).unwrap_err().name(), "fast");
    assert_eq!(Macd::new(12, 26, 0).unwrap_err().name(), "signal");
    assert_eq!(Stochastic::new(14, 0, 3).unwrap_err().name(), "k_smooth");
    assert_eq!(Stochastic::new(14, 3, 0).unwrap_err().name(), "d_smooth");
    assert_eq!(
        text(
            Atr::new(2)
                .unwrap()
                .batch(&[1.0], &[1.0, 2.0], &[1.0])
                .unwrap_err()
        ),
        "low | low has 2 values, but the first column has 1"
    );
}
