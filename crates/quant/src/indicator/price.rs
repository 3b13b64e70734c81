//! One price out of a bar.

use super::column::each_row;
use super::stream::Indicator;

/// (high + low + close) / 3.
#[inline(always)]
pub(crate) fn typical([high, low, close]: [f64; 3]) -> f64 {
    // Offsets from the close keep a constant price exact.
    close + ((high - close) + (low - close)) / 3.0
}

/// A price that needs no memory.
macro_rules! price {
    ($(#[$doc:meta])* $name:ident, [$($column:ident),+]: $width:literal => $price:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default)]
        pub struct $name;

        impl $name {
            /// A price transform.
            #[must_use]
            pub fn new() -> Self {
                Self
            }
        }

        impl Indicator for $name {
            type Row = [f64; $width];
            type Value = f64;

            #[inline]
            fn update(&mut self, [$($column),+]: [f64; $width]) -> Option<f64> {
                Some($price)
            }

            fn reset(&mut self) {}

            fn run(&mut self, columns: &[&[f64]], lines: &mut [&mut [f64]]) -> usize {
                if let (&[$($column),+], [line]) = (columns, lines) {
                    each_row([$($column),+], line, |[$($column),+]| $price);
                }
                0
            }
        }
    };
}

price!(
    /// Average price: (open + high + low + close) / 4.
    AvgPrice, [open, high, low, close]: 4 => (open + high + low + close) / 4.0
);
price!(
    /// Median price: (high + low) / 2.
    MedPrice, [high, low]: 2 => (high + low) / 2.0
);
price!(
    /// Typical price: (high + low + close) / 3.
    TypPrice, [high, low, close]: 3 => typical([high, low, close])
);
price!(
    /// Weighted close: (high + low + 2 close) / 4.
    WclPrice, [high, low, close]: 3 => (high + low + 2.0 * close) / 4.0
);
