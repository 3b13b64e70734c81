//! Drives the kernel in virtual time: simulated venue and backtest driver.
