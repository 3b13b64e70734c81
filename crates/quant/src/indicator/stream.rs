//! The trait that every indicator has, and the erased form that the Python face hosts.

use core::fmt;
use core::ops::Range;

use super::error::IndicatorError;

/// What comes in: one number, or the numbers of one bar in the order of its columns.
pub trait Row: Copy {
    /// The number of columns.
    const WIDTH: usize;

    /// Takes row `i` of the columns; None beyond their end or with too few columns.
    fn at(columns: &[&[f64]], i: usize) -> Option<Self>;

    /// Takes the numbers of one bar; None when they are too few.
    fn of(numbers: &[f64]) -> Option<Self>;
}

impl Row for f64 {
    const WIDTH: usize = 1;

    #[inline]
    fn at(columns: &[&[f64]], i: usize) -> Option<Self> {
        columns.first()?.get(i).copied()
    }

    #[inline]
    fn of(numbers: &[f64]) -> Option<Self> {
        numbers.first().copied()
    }
}

impl<const N: usize> Row for [f64; N] {
    const WIDTH: usize = N;

    #[inline]
    fn at(columns: &[&[f64]], i: usize) -> Option<Self> {
        let columns = columns.first_chunk::<N>()?;
        let mut row = [0.0; N];
        for (x, column) in row.iter_mut().zip(columns) {
            *x = *column.get(i)?;
        }
        Some(row)
    }

    #[inline]
    fn of(numbers: &[f64]) -> Option<Self> {
        numbers.first_chunk::<N>().copied()
    }
}

/// What comes out: one number, or the numbers of several lines.
pub trait Lines: Copy + fmt::Debug {
    /// The names of the lines in their order.
    const NAMES: &'static [&'static str];

    /// The numbers in the order of the names; what lies behind them is NaN.
    fn numbers(&self) -> [f64; LINES_MAX];

    /// Writes the numbers into row `i` of as many lines.
    #[inline]
    fn put(&self, lines: &mut [&mut [f64]], i: usize) {
        for (line, x) in lines.iter_mut().zip(self.numbers()) {
            line[i] = x;
        }
    }
}

/// The most lines an indicator has.
pub const LINES_MAX: usize = 3;

impl Lines for f64 {
    const NAMES: &'static [&'static str] = &["value"];

    #[inline]
    fn numbers(&self) -> [f64; LINES_MAX] {
        [*self, f64::NAN, f64::NAN]
    }
}

/// Makes the record of an output of several lines.
macro_rules! lines {
    ($(#[$doc:meta])* $name:ident { $($(#[$text:meta])* $line:ident),+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct $name {
            $($(#[$text])* pub $line: f64),+
        }

        impl $crate::indicator::stream::Lines for $name {
            const NAMES: &'static [&'static str] = &[$(stringify!($line)),+];

            #[inline]
            fn numbers(&self) -> [f64; $crate::indicator::stream::LINES_MAX] {
                let mut all = [f64::NAN; $crate::indicator::stream::LINES_MAX];
                for (slot, x) in all.iter_mut().zip([$(self.$line),+]) {
                    *slot = x;
                }
                all
            }
        }
    };
}
pub(crate) use lines;

/// Rows that are worked on together; they stay in the nearest caches.
pub const STRETCH: usize = 1024;

/// Takes the rows of a stretch in one by one, as [`Indicator::run`] does.
pub(super) fn one_by_one<I: Indicator>(
    indicator: &mut I,
    columns: &[&[f64]],
    lines: &mut [&mut [f64]],
) -> usize {
    let n = columns.first().map_or(0, |column| column.len());
    let mut untold = 0;
    for i in 0..n {
        match I::Row::at(columns, i).and_then(|row| indicator.update(row)) {
            Some(value) => value.put(lines, i),
            None => untold += 1,
        }
    }
    untold
}

/// What takes a stretch in, as [`Indicator::run`] does.
type Run<'a> = &'a mut dyn FnMut(&[&[f64]], &mut [&mut [f64]]) -> usize;

/// Runs stretch by stretch over whole columns, each looked at before it is read.
fn by_stretches(
    columns: &[&[f64]],
    lines: &mut [&mut [f64]],
    ahead: Ahead<'_>,
    run: Run<'_>,
) -> bool {
    let n = columns.first().map_or(0, |column| column.len());
    for from in (0..n).step_by(STRETCH) {
        let rows = from..n.min(from + STRETCH);
        if !ahead(rows.clone()) {
            return false;
        }
        let columns: Vec<&[f64]> = columns.iter().map(|c| &c[rows.clone()]).collect();
        let slots = lines.iter_mut().map(|line| &mut line[rows.clone()]);
        let mut slots: Vec<&mut [f64]> = slots.collect();
        let untold = run(&columns, &mut slots);
        for line in slots {
            line[..untold].fill(f64::NAN);
        }
    }
    true
}

/// Asked whether a stretch of rows may be read.
pub type Ahead<'a> = &'a mut dyn FnMut(Range<usize>) -> bool;

/// A streaming indicator: one row in, the value out, in bounded time and memory.
pub trait Indicator: Clone + fmt::Debug {
    /// What one bar brings: a number, or numbers in the order open, high, low, close, volume.
    type Row: Row;
    /// What is told: a number or lines.
    type Value: Lines;

    /// Takes one row in; None until enough rows were seen, never None afterwards.
    fn update(&mut self, row: Self::Row) -> Option<Self::Value>;

    /// Forgets every row, keeps the parameters.
    fn reset(&mut self);

    /// Takes the rows of a stretch in and writes the lines after each; returns how many of the
    /// first rows have no value, and leaves their slots as they are.
    ///
    /// Equal to `update` row by row, to the last bit; a faster road may be taken. Columns and lines
    /// are as many and as long as they must be, of [`STRETCH`] rows at most, and a copy takes
    /// either stretches or single rows, never both in turn.
    fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
        one_by_one(self, columns, lines)
    }

    /// Writes the lines after each row of the columns, by a fresh copy; NaN until ready.
    ///
    /// Columns and lines are as many and as long as they must be: [`Indicator::batch_into`] checks
    /// that.
    fn write_lines(&self, columns: &[&[f64]], lines: &mut [&mut [f64]]) {
        self.write_looked_at(columns, lines, &mut |_| true);
    }

    /// The same, where rows are looked at before they are read: `ahead` is asked about stretches
    /// of them, and once it says no the lines are left as they are. False then.
    fn write_looked_at(
        &self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
        ahead: Ahead<'_>,
    ) -> bool {
        let mut fresh = self.clone();
        fresh.reset();
        by_stretches(columns, lines, ahead, &mut |columns, lines| {
            fresh.run(columns, lines)
        })
    }

    /// The same with everything checked.
    ///
    /// # Errors
    /// `Length` when a column or a line is not as long as the first column, `Columns` when there
    /// are too few or too many of either.
    fn batch_into(
        &self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
    ) -> Result<(), IndicatorError> {
        Self::check(columns, lines)?;
        self.write_lines(columns, lines);
        Ok(())
    }

    /// Checks how many columns and lines there are, and how long.
    ///
    /// # Errors
    /// As [`Indicator::batch_into`].
    fn check(columns: &[&[f64]], lines: &[&mut [f64]]) -> Result<(), IndicatorError> {
        let counts = [
            (Self::Row::WIDTH, columns.len()),
            (Self::Value::NAMES.len(), lines.len()),
        ];
        for (expected, found) in counts {
            if expected != found {
                return Err(IndicatorError::Columns { expected, found });
            }
        }
        let expected = columns.first().map_or(0, |column| column.len());
        let lengths = columns.iter().map(|column| column.len());
        let lengths = lengths.chain(lines.iter().map(|line| line.len()));
        for (index, found) in lengths.enumerate() {
            if expected != found {
                return Err(IndicatorError::Length {
                    index,
                    expected,
                    found,
                });
            }
        }
        Ok(())
    }

    /// The lines after each row of the columns, in memory of their own.
    ///
    /// # Errors
    /// As [`Indicator::batch_into`].
    fn batch(&self, columns: &[&[f64]]) -> Result<Vec<Vec<f64>>, IndicatorError> {
        let n = columns.first().map_or(0, |column| column.len());
        let mut lines = vec![vec![f64::NAN; n]; Self::Value::NAMES.len()];
        let mut slices: Vec<&mut [f64]> = lines.iter_mut().map(Vec::as_mut_slice).collect();
        self.batch_into(columns, &mut slices)?;
        Ok(lines)
    }
}

/// The value after the last row and whether it means something; what a host keeps.
#[derive(Debug, Clone)]
struct Stream<I: Indicator> {
    indicator: I,
    numbers: [f64; LINES_MAX],
    ready: bool,
}

/// Any indicator, its types erased.
pub trait Streaming: fmt::Debug + Send + Sync {
    /// Takes one row in and returns the lines, NaN until ready.
    fn update(&mut self, row: &[f64]) -> [f64; LINES_MAX];
    /// The last lines.
    fn value(&self) -> [f64; LINES_MAX];
    /// Whether enough rows were seen.
    fn ready(&self) -> bool;
    /// Forgets every row.
    fn reset(&mut self);
    /// Writes the lines after each row of columns, by a fresh copy, as long as what is `ahead` is
    /// fine; whether all of it was.
    ///
    /// # Errors
    /// As [`Indicator::batch_into`].
    fn batch_into(
        &self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
        ahead: Ahead<'_>,
    ) -> Result<bool, IndicatorError>;
    /// A copy with its state.
    fn boxed_clone(&self) -> Box<dyn Streaming>;
}

/// Erases the types of an indicator.
#[must_use]
pub fn erase<I: Indicator + Send + Sync + 'static>(indicator: I) -> Box<dyn Streaming> {
    Box::new(Stream {
        indicator,
        numbers: [f64::NAN; LINES_MAX],
        ready: false,
    })
}

impl<I: Indicator + Send + Sync + 'static> Streaming for Stream<I> {
    #[inline]
    fn update(&mut self, row: &[f64]) -> [f64; LINES_MAX] {
        if let Some(value) = I::Row::of(row).and_then(|row| self.indicator.update(row)) {
            self.numbers = value.numbers();
            self.ready = true;
        }
        self.numbers
    }

    fn value(&self) -> [f64; LINES_MAX] {
        self.numbers
    }

    fn ready(&self) -> bool {
        self.ready
    }

    fn reset(&mut self) {
        self.indicator.reset();
        self.numbers = [f64::NAN; LINES_MAX];
        self.ready = false;
    }

    fn batch_into(
        &self,
        columns: &[&[f64]],
        lines: &mut [&mut [f64]],
        ahead: Ahead<'_>,
    ) -> Result<bool, IndicatorError> {
        I::check(columns, lines)?;
        Ok(self.indicator.write_looked_at(columns, lines, ahead))
    }

    fn boxed_clone(&self) -> Box<dyn Streaming> {
        Box::new(self.clone())
    }
}
