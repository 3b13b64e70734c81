//! The age of extremes.

use super::column::{each_row, retold, SCRATCH};
use super::error::{period, IndicatorError};
use super::folds::HighestAt;
use super::slide::{Slide, WINDOW_MAX};
use super::stream::{lines, one_by_one, Indicator};
use super::window::Window;

lines!(
    /// What [`Aroon`] says, in TA-Lib's order.
    AroonValue {
        /// 100 less the age of the lowest low in percent of the period.
        down,
        /// 100 less the age of the highest high in percent of the period.
        up
    }
);

/// How recent the extremes of the last `period + 1` bars are, 0 to 100; of equal ones the newest.
///
/// # Source
/// Chande 1995.
#[derive(Debug, Clone)]
pub struct Aroon {
    highest: Window<HighestAt>,
    /// Lows with their sign turned.
    lowest: Window<HighestAt>,
    slides: [Slide; 2],
    seen: u64,
    period: f64,
}

impl Aroon {
    /// Over `len` bars before the newest, 2 or more.
    ///
    /// # Errors
    /// `Period` when `len` is outside 2..=`PERIOD_MAX`.
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        let len = period("period", len, 2)?;
        Ok(Self {
            highest: Window::new(len + 1),
            lowest: Window::new(len + 1),
            slides: Default::default(),
            seen: 0,
            period: len as f64,
        })
    }
}

impl Indicator for Aroon {
    type Row = [f64; 2];
    type Value = AroonValue;

    #[inline]
    fn update(&mut self, [high, low]: [f64; 2]) -> Option<AroonValue> {
        let now = self.seen;
        self.seen += 1;
        let top = self.highest.push((high, now));
        let bottom = self.lowest.push((-low, now));
        Some(AroonValue {
            up: score(now as f64, top?.newest_highest().1 as f64, self.period),
            down: score(now as f64, bottom?.newest_highest().1 as f64, self.period),
        })
    }

    fn reset(&mut self) {
        self.highest.reset();
        self.lowest.reset();
        self.slides.iter_mut().for_each(Slide::reset);
        self.seen = 0;
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        match (columns, &mut *lines) {
            (&[high, low], [down, up]) if self.highest.period() <= WINDOW_MAX => {
                self.write([high, low], [down, up])
            }
            _ => one_by_one(self, columns, lines),
        }
    }
}

/// What is told of the numbers of a bar and of the one that has the extreme.
#[inline(always)]
fn score(now: f64, at: f64, period: f64) -> f64 {
    100.0 * ((period - (now - at)) / period)
}

impl Aroon {
    fn write(&mut self, [high, low]: [&[f64]; 2], [down, up]: [&mut [f64]; 2]) -> usize {
        let (len, n, period) = (self.highest.period(), high.len(), self.period);
        let first = self.seen;
        self.seen += n as u64;
        let (mut numbers, mut turned) = (SCRATCH, SCRATCH);
        for (slot, number) in numbers[..n].iter_mut().zip(first..) {
            *slot = number as f64;
        }
        each_row([low], &mut turned[..n], |[low]| -low);
        let [top, bottom] = &mut self.slides;
        let untold = top.run_places((len, first), high, up);
        bottom.run_places((len, first), &turned[..n], down);
        for line in [down, up] {
            retold(&mut line[untold..], [&numbers[untold..n]], |at, [now]| {
                score(now, at, period)
            });
        }
        untold
    }
}

/// Aroon oscillator: up less down, -100 to 100.
///
/// # Source
/// Chande 1995.
#[derive(Debug, Clone)]
pub struct AroonOsc(Aroon);

impl AroonOsc {
    /// As [`Aroon::new`].
    ///
    /// # Errors
    /// As [`Aroon::new`].
    pub fn new(len: usize) -> Result<Self, IndicatorError> {
        Aroon::new(len).map(Self)
    }
}

impl Indicator for AroonOsc {
    type Row = [f64; 2];
    type Value = f64;

    #[inline]
    fn update(&mut self, bar: [f64; 2]) -> Option<f64> {
        self.0.update(bar).map(|lines| lines.up - lines.down)
    }

    fn reset(&mut self) {
        self.0.reset();
    }

    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        let [line] = lines else {
            return 0;
        };
        let mut down = SCRATCH;
        let down = &mut down[..line.len()];
        let untold = self.0.run(columns, &mut [&mut *down, &mut *line]);
        retold(&mut line[untold..], [&down[untold..]], |up, [down]| {
            up - down
        });
        untold
    }
}
