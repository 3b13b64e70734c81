//! The Python face of py_rt: converts, and nothing else.
//!
//! - [`config`]: dictionaries to configurations. [`arrays`]: NumPy arrays to rows, without a copy.
//! - [`host`]: a Python strategy behind the kernel's trait, and what it sees.
//! - [`backtest`]: the door of a run. [`tables`]: what it leaves behind, as columns.
//! - [`compiled`]: compiled strategies from their Python handles.
//! - [`live`]: the doors of a session and of a replay. [`venue`]: that of the paper venue.
//! - [`indicators`]: the streaming indicators. [`quant`]: statistics. [`formats`]: decoders of
//!   recorded files. [`mechanics`]: books, matching, queues. Each is a submodule of `_core`.
//! - [`error`]: the one file that turns Rust errors into Python's.

mod arrays;
mod backtest;
mod clock;
mod compiled;
mod config;
mod error;
mod formats;
mod host;
mod indicators;
mod live;
mod mechanics;
mod quant;
mod tables;
mod venue;

#[pyo3::pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // A nested module is an attribute; registered as well, `import py_rt._core.quant` works.
        let known = module.py().import("sys")?.getattr("modules")?;
        for name in ["formats", "indicators", "mechanics", "quant"] {
            known.set_item(format!("py_rt._core.{name}"), module.getattr(name)?)?;
        }
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
    use crate::live::{replay_journal, trade};
    #[pymodule_export]
    use crate::venue::serve_venue;

    /// Decoders of recorded files.
    #[pymodule]
    mod formats {
        #[pymodule_export]
        use crate::formats::{
            capture_start, is_bitstamp, is_iex_capture, itch_framing, tardis_table, BitstampReader,
            DbnReader, IexReader, ItchReader, LobsterReader, TardisReader,
        };
        #[pymodule_export]
        use crate::formats::{recognise_recording, PyRecording};
    }

    /// Streaming indicators.
    #[pymodule]
    mod indicators {
        #[pymodule_export]
        use crate::indicators::{
            Bollinger, BollingerArrays, BollingerValue, MacdArrays, MacdValue, Stochastic,
            StochasticArrays, StochasticValue, ZScore, ATR, EMA, MACD, OBV, RSI, SMA, VWAP, WMA,
        };
    }

    /// Books, matching, queues.
    #[pymodule]
    mod mechanics {
        #[pymodule_export]
        use crate::mechanics::{follow_orders, MatchingDoor, OrderBookDoor};
        #[pymodule_export]
        use crate::mechanics::{last_levels, sample_books};
    }

    /// Statistics.
    #[pymodule]
    mod quant {}
}
