//! The laws that every indicator and feature obeys, over all of them by name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::float_cmp
)]

use std::ops::Range;

use py_rt_quant::feature::FEATURES;
use py_rt_quant::indicator::{
    Bollinger, Ema, Entry, Indicator, IndicatorError, Kind, Macd, Rsi, Sma, Streaming, Wma, ZScore,
    CATALOG, STRETCH,
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

/// What the market does in a table of bars.
#[derive(Debug, Clone, Copy)]
enum Mood {
    Walk,
    Flat,
    Jumps,
    Rises,
    Tiny,
    Huge,
    /// Zeros of both signs among numbers of both signs; no prices.
    Zeros,
}

const MOODS: [Mood; 7] = [
    Mood::Walk,
    Mood::Flat,
    Mood::Jumps,
    Mood::Rises,
    Mood::Tiny,
    Mood::Huge,
    Mood::Zeros,
];

/// A column by its name, n rows; prices are positive, and high >= close >= low.
fn column(name: &str, mood: Mood, n: usize) -> Vec<f64> {
    let mut random = Random(11);
    let mut price = 100.0_f64;
    (0..n)
        .map(|i| {
            let before = price;
            price = match mood {
                Mood::Walk => price * (0.01 * random.normal()).exp(),
                Mood::Flat if i % 97 > 20 => price,
                Mood::Flat => price + (random.unit() - 0.5),
                Mood::Jumps if i % 53 == 0 => [1e-3, 1e6, 37.5][i / 53 % 3],
                Mood::Jumps => price,
                Mood::Rises => price + 0.1,
                Mood::Tiny => 1e-9 * (1.0 + random.unit()),
                Mood::Huge => 1e12 * (1.0 + 1e-9 * random.normal()),
                Mood::Zeros => [0.0, -0.0, 0.0, 1.0, -1.0][(5.0 * random.unit()) as usize % 5],
            };
            let wick = |x: f64| x * 0.003;
            let (up, down, volume) = (random.unit(), random.unit(), random.unit());
            let flat = matches!(mood, Mood::Flat | Mood::Jumps) && price == before;
            let flat = flat || matches!(mood, Mood::Zeros);
            let scale = if flat { 0.0 } else { 1.0 };
            match name {
                "open" => before,
                "high" => price.max(before) + scale * wick(up * price),
                "low" if matches!(mood, Mood::Zeros) => price.min(before),
                "low" => (price.min(before) - scale * wick(down * price)).max(1e-12),
                "volume" | "qty" => (volume * 1e4).floor(),
                "side" => (volume * 3.0).floor() - 1.0,
                "elapsed" => volume,
                "signed_qty" => volume - 0.5,
                "y" => price * (1.0 + 0.01 * volume),
                _ => price,
            }
        })
        .collect()
}

/// Arguments that its constructor takes: the defaults, and periods of these bars.
fn arguments(entry: &Entry, bars: f64) -> Vec<f64> {
    let short = entry.parameters.iter().position(|p| p.kind == Kind::Whole);
    let number = |(i, p): (usize, &py_rt_quant::indicator::Parameter)| match p.name {
        "fast" => 3.0,
        "slow" => 7.0,
        "scale" if p.kind == Kind::Whole => 2.0,
        "fraction" => 0.3,
        "bucket" => 9_000.0,
        "mu" | "alpha" => 0.5,
        "beta" => 2.0,
        _ if Some(i) == short => bars,
        _ => p.default.unwrap_or(5.0),
    };
    entry.parameters.iter().enumerate().map(number).collect()
}

fn everyone() -> impl Iterator<Item = &'static Entry> {
    CATALOG.iter().chain(FEATURES)
}

fn batch(one: &dyn Streaming, columns: &[&[f64]], lines: usize) -> Vec<Vec<f64>> {
    let mut told = vec![vec![0.0; columns[0].len()]; lines];
    let mut slices: Vec<&mut [f64]> = told.iter_mut().map(Vec::as_mut_slice).collect();
    let mut looked_at = 0;
    let mut ahead = |rows: Range<usize>| {
        assert_eq!(rows.start, looked_at, "rows are looked at in their order");
        looked_at = rows.end;
        true
    };
    assert!(one.batch_into(columns, &mut slices, &mut ahead).unwrap());
    assert_eq!(looked_at, columns[0].len(), "every row is looked at");
    told
}

fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
}

/// Streams the columns and compares with the batch, to the last bit.
fn obeys(entry: &Entry, one: &mut dyn Streaming, columns: &[&[f64]], what: &str) {
    let told = batch(one, columns, entry.lines.len());
    assert!(!one.ready(), "{what}: batch touched the state");
    let mut was_ready = false;
    for i in 0..columns[0].len() {
        let row: Vec<f64> = columns.iter().map(|column| column[i]).collect();
        let value = one.update(&row);
        for (line, &x) in told.iter().zip(&value) {
            assert!(
                same(line[i], x),
                "{what} at {i}: batch {:e}, stream {x:e}",
                line[i]
            );
            assert_eq!(
                x.is_nan(),
                !one.ready(),
                "{what} at {i}: {x}, ready {}",
                one.ready()
            );
        }
        assert!(
            value.iter().zip(one.value()).all(|(a, b)| same(*a, b)),
            "{what}: value()"
        );
        assert!(one.ready() || !was_ready, "{what}: no longer ready at {i}");
        was_ready = one.ready();
    }
}

#[test]
fn stream_equals_batch_to_the_last_bit_and_reset_equals_new() {
    const ROWS: usize = STRETCH;
    let shapes = [
        (4.0, 500),
        (14.0, 501),
        (37.0, 502),
        (64.0, 503),
        (14.0, ROWS + 600),
        (4.0, 3),
        (4.0, 1),
        (4.0, 0),
    ];
    // Windows that fit into a stretch once, and those that do not; one row behind a stretch.
    let long = [
        (1.0, ROWS + 1),
        (2.0, ROWS + 1),
        (3.0, 2 * ROWS + 1),
        (5.0, 2 * ROWS + 3),
        (200.0, 2 * ROWS + 5),
        (ROWS as f64 / 2.0, 2 * ROWS),
        (ROWS as f64 / 2.0 + 1.0, 2 * ROWS),
        (ROWS as f64 + 7.0, 3 * ROWS + 1),
    ];
    let mut tried = 0;
    for entry in everyone() {
        for mood in MOODS {
            if entry.positive && matches!(mood, Mood::Zeros) {
                continue;
            }
            let more = matches!(mood, Mood::Flat | Mood::Zeros) && !entry.talib.is_empty();
            for &(bars, n) in shapes.iter().chain(long.iter().filter(|_| more)) {
                // Some begin at two bars.
                let Ok(mut one) = entry.make(&arguments(entry, bars)) else {
                    assert!(bars <= 2.0, "{}({bars})", entry.name);
                    continue;
                };
                let columns: Vec<Vec<f64>> = entry
                    .columns
                    .iter()
                    .map(|name| column(name, mood, n))
                    .collect();
                let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
                let what = format!("{}({bars}) {mood:?} {n}", entry.name);
                obeys(entry, one.as_mut(), &slices, &what);
                one.reset();
                obeys(entry, one.as_mut(), &slices, &format!("{what} after reset"));
                tried += 1;
            }
        }
    }
    assert!(tried > 60 * 36, "{tried}");
}

#[test]
fn rows_that_may_not_be_read_end_a_batch() {
    for entry in everyone() {
        let columns: Vec<Vec<f64>> = entry
            .columns
            .iter()
            .map(|name| column(name, Mood::Walk, 3_000))
            .collect();
        let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let one = entry.make(&arguments(entry, 14.0)).unwrap();
        let mut told = vec![vec![0.0; 3_000]; entry.lines.len()];
        let mut lines: Vec<&mut [f64]> = told.iter_mut().map(Vec::as_mut_slice).collect();
        let mut ahead = |rows: Range<usize>| !rows.contains(&2_500);
        let done = one.batch_into(&slices, &mut lines, &mut ahead).unwrap();
        assert!(!done, "{}", entry.name);
        assert!(told.iter().all(|line| line[2_999] == 0.0), "{}", entry.name);
    }
}

#[test]
fn a_bad_value_leaves_a_window_with_its_bar() {
    let clean = column("x", Mood::Walk, 400);
    let mut spoiled = clean.clone();
    spoiled[100] = f64::NAN;
    spoiled[130] = f64::INFINITY;
    spoiled[131] = 1e300;
    for name in [
        "SMA",
        "WMA",
        "ZScore",
        "Bollinger",
        "LINEARREG",
        "STDDEV",
        "MAX",
        "SUM",
    ] {
        let entry = Entry::find(name).unwrap();
        let one = entry.make(&arguments(entry, 20.0)).unwrap();
        let (a, b) = (
            batch(one.as_ref(), &[&clean], entry.lines.len()),
            batch(one.as_ref(), &[&spoiled], entry.lines.len()),
        );
        for (i, (x, y)) in a[0].iter().zip(&b[0]).enumerate().skip(131 + 20 + 20) {
            assert!(
                (x - y).abs() <= 1e-12 * x.abs().max(1.0),
                "{name} at {i}: {x} {y}"
            );
        }
    }
}

#[test]
fn a_constant_window_is_exact_whatever_came_before() {
    for c in [0.1, 123.456, 1e8 + 0.3] {
        let mut xs = column("x", Mood::Walk, 137);
        xs.push(1e15);
        xs.extend([c; 80]);
        for n in [2, 7, 20, 33] {
            let (sma, wma) = (Sma::new(n).unwrap(), Wma::new(n).unwrap());
            let (z, bands) = (ZScore::new(n).unwrap(), Bollinger::new(n, 2.0).unwrap());
            let (sma, wma) = (sma.batch(&[&xs]).unwrap(), wma.batch(&[&xs]).unwrap());
            let (z, bands) = (z.batch(&[&xs]).unwrap(), bands.batch(&[&xs]).unwrap());
            for i in 137 + n..xs.len() {
                assert_eq!((sma[0][i], wma[0][i], z[0][i]), (c, c, 0.0), "n {n} at {i}");
                assert_eq!(
                    (bands[0][i], bands[1][i], bands[2][i]),
                    (c, c, c),
                    "n {n} at {i}"
                );
            }
        }
        let ema = Ema::new(10).unwrap().batch(&[&[c; 60]]).unwrap();
        assert!(ema[0][9..].iter().all(|x| *x == c));
    }
}

#[test]
fn a_million_values_do_not_drift() {
    let mut random = Random(5);
    for level in [0.0, 1e8, -1e8] {
        let xs: Vec<f64> = (0..1_000_000).map(|_| level + random.normal()).collect();
        for n in [20, 250] {
            let sma = Sma::new(n).unwrap().batch(&[&xs]).unwrap();
            let zs = ZScore::new(n).unwrap().batch(&[&xs]).unwrap();
            for i in (n - 1..xs.len()).step_by(997).chain([xs.len() - 1]) {
                let window: Vec<f64> = xs[i + 1 - n..=i].iter().map(|x| x - level).collect();
                let mean = window.iter().sum::<f64>() / n as f64;
                let squares: f64 = window.iter().map(|x| (x - mean) * (x - mean)).sum();
                let z = (window[n - 1] - mean) / (squares / (n as f64 - 1.0)).sqrt();
                let exact = level + mean;
                assert!(
                    (sma[0][i] - exact).abs() <= 2e-13 * exact.abs().max(1.0),
                    "{level} {i}"
                );
                assert!(
                    (zs[0][i] - z).abs() <= 1e-10,
                    "{level} {i}: {} {z}",
                    zs[0][i]
                );
            }
        }
    }
}

#[test]
fn edges_are_those_of_the_documentation() {
    let rsi = |xs: &[f64]| Rsi::new(3).unwrap().batch(&[xs]).unwrap().remove(0);
    assert_eq!(rsi(&[5.0; 6])[3..], [0.0; 3]);
    assert_eq!(rsi(&[1.0, 2.0, 3.0, 4.0, 5.0])[3..], [100.0; 2]);
    assert_eq!(rsi(&[5.0, 4.0, 3.0, 2.0, 1.0])[3..], [0.0; 2]);
    let mut prices = column("x", Mood::Walk, 50);
    let last = prices[49];
    prices.extend(vec![last; 20_000]);
    let told = rsi(&prices);
    assert!(
        told[50..].iter().all(|x| *x == told[49]),
        "a flat stretch keeps the last value"
    );
    assert!(Sma::new(3).unwrap().batch(&[&[]]).unwrap()[0].is_empty());
    let short = Sma::new(3).unwrap().batch(&[&[1.0, 2.0]]).unwrap();
    assert!(short[0].iter().all(|x| x.is_nan()));
}

#[test]
fn bad_parameters_and_columns_are_named() {
    let text = |e: IndicatorError| format!("{} | {e}", e.name());
    assert_eq!(
        text(Sma::new(0).unwrap_err()),
        "period | period is 0, but must lie between 1 and 1000000"
    );
    assert_eq!(
        text(Macd::new(26, 12, 9).unwrap_err()),
        "fast | fast is 26, but must be less than slow, which is 12"
    );
    for width in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(Bollinger::new(20, width).unwrap_err().name(), "width");
    }
    for entry in everyone().filter(|entry| !entry.parameters.is_empty()) {
        let bad = entry
            .make(&vec![f64::NAN; entry.parameters.len()])
            .unwrap_err();
        let names: Vec<&str> = entry.parameters.iter().map(|p| p.name).collect();
        assert!(names.contains(&bad.name()), "{}: {bad}", entry.name);
    }
    let sma = Sma::new(2).unwrap();
    assert_eq!(
        text(sma.batch(&[&[1.0], &[1.0]]).unwrap_err()),
        "columns | 2 columns were given, but there must be 1"
    );
    let mut line = [0.0; 2];
    let bad = sma.batch_into(&[&[1.0]], &mut [&mut line]).unwrap_err();
    assert_eq!(
        text(bad),
        "columns | column 1 has 2 values, but the first one has 1"
    );
}

#[test]
fn names_are_told_once() {
    let mut names: Vec<&str> = everyone().map(|entry| entry.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    assert!(CATALOG.len() >= 60);
}
