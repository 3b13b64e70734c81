//! Guards on the bench.

use py_rt_kernel::risk::{Guards, RiskLimits};
use py_rt_kernel::{KernelConfig, OrderRequest};
use py_rt_types::{Price, Qty, Side};

use super::{config, instrument, loose, Rig, Wish, SECOND_INSTRUMENT};

pub fn guarded(set: impl FnOnce(&mut Guards)) -> RiskLimits {
    let mut limits = loose();
    set(&mut limits.guards);
    limits
}

pub fn rig(set: impl FnOnce(&mut Guards)) -> Rig {
    Rig::with(guarded(set))
}

pub fn two(set: impl FnOnce(&mut Guards)) -> Rig {
    Rig::new(two_config(set))
}

pub fn two_config(set: impl FnOnce(&mut Guards)) -> KernelConfig {
    KernelConfig {
        limits: guarded(set),
        ..config(vec![instrument("AAA"), instrument("BBB")])
    }
}

pub fn second(side: Side, qty: i64) -> Wish {
    Wish::Submit(OrderRequest::limit(
        SECOND_INSTRUMENT,
        side,
        Qty(qty),
        Price(10_000),
    ))
}
