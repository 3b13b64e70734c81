//! The Python face of py_rt: converts, and nothing else.
//!
//! - [`config`], [`guards`]: dictionaries to configurations.
//! - [`arrays`]: NumPy arrays to rows, without a copy.
//! - [`host`]: a Python strategy behind the kernel's trait, and what it sees.
//! - [`backtest`]: the door of a run. [`tables`]: what it leaves behind, as columns. [`parents`]:
//!   its parent orders. [`several`]: its venues. [`events`] as dictionaries.
//! - [`direct`]: short roads for the calls that happen on every bar.
//! - [`compiled`]: compiled strategies from their Python handles.
//! - [`journal`]: those of the journal as an audit log.
//! - [`live`]: the doors of a session and of a replay. [`venue`]: that of the paper venue.
//! - [`indicators`]: the streaming indicators. [`quant`]: statistics. [`formats`]: decoders of
//!   recorded files. [`mechanics`]: books, matching, queues. Each is a submodule of `_core`.
//! - [`faults`]: fault simulation. [`grpc`]: the server and its calls.
//! - [`error`]: the one file that turns Rust errors into Python's.

mod arrays;
mod backtest;
mod clock;
mod columns;
mod compiled;
mod config;
mod direct;
mod error;
mod events;
mod faults;
mod formats;
mod grpc;
mod guards;
mod host;
mod indicators;
mod journal;
mod live;
mod margin;
mod mechanics;
mod money;
mod parents;
mod quant;
mod several;
mod store;
mod tables;
mod venue;

#[pyo3::pymodule]
mod _core {
    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // A nested module is an attribute; registered as well, `import py_rt._core.quant` works.
        let known = module.py().import("sys")?.getattr("modules")?;
        for name in ["formats", "grpc", "indicators", "mechanics", "quant"] {
            known.set_item(format!("py_rt._core.{name}"), module.getattr(name)?)?;
        }
        let py = module.py();
        crate::host::shorten(py)?;
        crate::indicators::shorten(py)?;
        crate::quant::risk::shorten(module.getattr("quant")?.cast()?)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    #[pymodule_export]
    use crate::backtest::run_backtest;
    #[pymodule_export]
    use crate::columns::RunTable;
    #[pymodule_export]
    use crate::compiled::compiled_strategies;
    #[pymodule_export]
    use crate::faults::simulate_faults;
    #[pymodule_export]
    use crate::host::{
        PyAction, PyBarEvent, PyBook, PyConsolidated, PyContext, PyFill, PyInstrument, PyOrder,
        PyParent, PyPosition, PyQuote, PyTimerEvent, PyTrade,
    };
    #[pymodule_export]
    use crate::journal::{explain_order, rebuild_store, verify_journal, JournalEntries};
    #[pymodule_export]
    use crate::live::{kill_direct, replay_journal, trade};
    #[pymodule_export]
    use crate::store::{deliver, read};
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
        use crate::formats::{recognise_recording, BinanceStream, PyRecording, ZstdReader};
    }

    /// The gRPC server and its calls.
    #[pymodule]
    mod grpc {
        #[pymodule_export]
        use crate::grpc::{answer, descriptors, serve, LocalMarket, LocalStream};
    }

    /// Streaming indicators.
    #[pymodule]
    mod indicators {
        #[pymodule_export]
        use crate::indicators::{
            catalog, realized_kernel, AroonArrays, AroonValue, BandsArrays, BandsValue, BarStream,
            DepthStream, MacdArrays, MacdValue, MamaArrays, MamaValue, MicroTable, MinMaxArrays,
            MinMaxValue, OfCloseVolume, OfElapsed, OfFlow, OfHighLow, OfHighLowClose,
            OfHighLowCloseVolume, OfOpenClose, OfOpenHighLowClose, OfPaid, OfPair, OfSigned,
            OfValue, PhasorArrays, PhasorValue, SineArrays, SineValue, StochasticArrays,
            StochasticValue,
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
    mod quant {
        #[pymodule_export]
        use crate::host::callback_time;
        #[pymodule_export]
        use crate::quant::cointegration::{
            engle_granger, johansen, kalman_hedge, screen_pairs, KalmanFilter,
        };
        #[pymodule_export]
        use crate::quant::execution::almgren_chriss;
        #[pymodule_export]
        use crate::quant::lowrank::{box_tiao, robust_pca, sparse_mean_reversion};
        #[pymodule_export]
        use crate::quant::portfolio::{
            black_litterman, choose_weights, estimate_covariance, least_variance,
            nearest_covariance,
        };
        #[pymodule_export]
        use crate::quant::regimes::{
            hmm_filter, hmm_fit, hmm_forecast, hmm_smooth, hmm_viterbi, stationary_law, HmmFilter,
        };
        #[pymodule_export]
        use crate::quant::regression::{
            elastic_net, largest_penalty, lasso_path, sparse_component,
        };
        #[pymodule_export]
        use crate::quant::risk::{
            christoffersen, expected_maximum_sharpe, kupiec, min_track_record, pbo, psr, record,
            tail_risk,
        };
        #[pymodule_export]
        use crate::quant::search::{diagnose, mcmc_chain, minimise};
        #[pymodule_export]
        use crate::quant::series::{
            adf, half_life, hurst, ou_fit, ou_loglik, variance_ratio, zscore,
        };
    }
}
