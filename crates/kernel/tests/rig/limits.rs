//! Benches with limits of their own.

use py_rt_kernel::risk::RiskLimits;
use py_rt_kernel::KernelConfig;

use super::{config, instrument, loose, Rig};

pub fn rig(change: impl FnOnce(&mut RiskLimits)) -> Rig {
    let mut limits = loose();
    change(&mut limits);
    Rig::with(limits)
}

pub fn two(change: impl FnOnce(&mut RiskLimits)) -> Rig {
    let mut limits = loose();
    change(&mut limits);
    Rig::new(KernelConfig {
        limits,
        ..config(vec![instrument("AAA"), instrument("BBB")])
    })
}
