//! The Python face of py_rt: converts, and nothing else.
//!
//! - [`config`]: dictionaries to configurations. [`arrays`]: NumPy arrays to rows, without a copy.
//! - [`host`]: a Python strategy behind the kernel's trait, and what it sees.
//! - [`backtest`]: the door of a run. [`tables`]: what it leaves behind, as columns.
//! - [`compiled`]: compiled strategies from their Python handles.
//! - [`live`]: the doors of a session and of a replay. [`venue`]: that of the paper venue.
//! - [`indicators`]: the streaming indicators.
//! - [`error`]: the one file that turns Rust errors into Python's.

mod arrays;
mod backtest;
mod clock;
mod compiled;
mod config;
mod error;
mod host;
mod indicators;
mod live;
mod tables;
mod venue;

#[pyo3::pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    #[pymodule_export]
    use crate::backtest::run_backtest;
    #[pymodule_export]
    use crate::compiled::compiled_strategies;
    #[pymodule_export]
    use crate::host::{
        PyBarEvent, PyBook, PyContext, PyFill, PyInstrument, PyOrder, PyPosition, PyQuote,
        PyTimerEvent, PyTrade,
    };
    #[pymodule_export]
    use crate::indicators::{
        Bollinger, BollingerArrays, BollingerValue, MacdArrays, MacdValue, Stochastic,
        StochasticArrays, StochasticValue, ZScore, ATR, EMA, MACD, OBV, RSI, SMA, VWAP, WMA,
    };
    #[pymodule_export]
    use crate::live::{replay_journal, trade};
    #[pymodule_export]
    use crate::venue::serve_venue;
}
