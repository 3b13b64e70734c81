//! The deterministic kernel of py_rt: book, bars, strategy, risk, execution, portfolio.
