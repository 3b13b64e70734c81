//! The trait that every indicator has, and the erased form that the Python face hosts.

use core::fmt;

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

    /// Writes the outcome of every row into columns; NaN where there is none.
    fn columns(rows: impl Iterator<Item = Option<Self>>, n: usize) -> Vec<Vec<f64>> {
        let mut lines = vec![Vec::with_capacity(n); Self::NAMES.len()];
        for row in rows {
            let numbers = row.map_or([f64::NAN; LINES_MAX], |value| value.numbers());
            for (line, x) in lines.iter_mut().zip(numbers) {
                line.push(x);
            }
        }
        lines
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

    fn columns(rows: impl Iterator<Item = Option<Self>>, n: usize) -> Vec<Vec<f64>> {
        let mut line = Vec::with_capacity(n);
        line.extend(rows.map(|row| row.unwrap_or(f64::NAN)));
        vec![line]
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

    /// The lines after each row of columns of equal length, by a fresh copy; NaN until ready.
    ///
    /// Equal to `update` row by row, to the last bit; a faster road may be taken.
    fn lines_of(&self, columns: &[&[f64]]) -> Vec<Vec<f64>> {
        let mut fresh = self.clone();
        fresh.reset();
        let n = columns.first().map_or(0, |column| column.len());
        let rows = (0..n).map(|i| Self::Row::at(columns, i).and_then(|row| fresh.update(row)));
        Self::Value::columns(rows, n)
    }

    /// The same with the columns checked.
    ///
    /// # Errors
    /// `Length` when the columns are not equally long, `Columns` when there are too few or many.
    fn batch(&self, columns: &[&[f64]]) -> Result<Vec<Vec<f64>>, IndicatorError> {
        let (expected, found) = (Self::Row::WIDTH, columns.len());
        if expected != found {
            return Err(IndicatorError::Columns { expected, found });
        }
        let n = columns.first().map_or(0, |column| column.len());
        match columns.iter().position(|column| column.len() != n) {
            Some(index) => Err(IndicatorError::Length {
                index,
                expected: n,
                found: columns.get(index).map_or(0, |column| column.len()),
            }),
            None => Ok(self.lines_of(columns)),
        }
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
    /// The lines after each row of columns, by a fresh copy.
    ///
    /// # Errors
    /// As [`Indicator::batch`].
    fn batch(&self, columns: &[&[f64]]) -> Result<Vec<Vec<f64>>, IndicatorError>;
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

    fn batch(&self, columns: &[&[f64]]) -> Result<Vec<Vec<f64>>, IndicatorError> {
        self.indicator.batch(columns)
    }

    fn boxed_clone(&self) -> Box<dyn Streaming> {
        Box::new(self.clone())
    }
}
