//! Features of fixed columns by name, hosted like indicators.

use super::returns::{
    Amihud, BipowerVariation, JumpShare, RealizedVariance, Roll, TwoScaleVariance,
};
use super::trades::{EffectiveSpread, Hawkes, KyleLambda, PriceImpact, RealizedSpread, Vpin};
use crate::indicator::catalog::{entry, real, whole, Arguments, Entry, Made, FINITE, POSITIVE};
use crate::indicator::{erase, Indicator, IndicatorError, Lines};

const X: &[&str] = &["x"];
const ELAPSED: &[&str] = &["elapsed"];
const PAID: &[&str] = &["price", "side", "mid"];
const SIGNED: &[&str] = &["price", "signed_qty"];
const FLOW: &[&str] = &["qty", "side"];
const CV: &[&str] = &["close", "volume"];

/// Every feature of fixed columns.
#[rustfmt::skip]
pub static FEATURES: &[Entry] = &[
    entry!("EffectiveSpread", PAID, [], "", "", FINITE,
        EffectiveSpread, |_a| Ok(EffectiveSpread)),
    entry!("RealizedSpread", PAID, [whole("lag", None)], "", "", FINITE,
        RealizedSpread, |a| RealizedSpread::new(a.whole(0))),
    entry!("PriceImpact", PAID, [whole("lag", None)], "", "", FINITE,
        PriceImpact, |a| PriceImpact::new(a.whole(0))),
    entry!("KyleLambda", SIGNED, [whole("period", None)], "", "", FINITE,
        KyleLambda, |a| KyleLambda::new(a.whole(0))),
    entry!("VPIN", FLOW, [real("bucket", None), whole("buckets", Some(50.0))], "", "", FINITE,
        Vpin, |a| Vpin::new(a.real(0), a.whole(1))),
    entry!("HawkesIntensity", ELAPSED,
        [real("mu", None), real("alpha", None), real("beta", None)], "", "", FINITE,
        Hawkes, |a| Hawkes::new(a.real(0), a.real(1), a.real(2))),
    entry!("Amihud", CV, [whole("period", None)], "", "", FINITE,
        Amihud, |a| Amihud::new(a.whole(0))),
    entry!("Roll", X, [whole("period", None)], "", "", FINITE,
        Roll, |a| Roll::new(a.whole(0))),
    entry!("RealizedVariance", X, [whole("period", None)], "", "", POSITIVE,
        RealizedVariance, |a| RealizedVariance::new(a.whole(0))),
    entry!("BipowerVariation", X, [whole("period", None)], "", "", POSITIVE,
        BipowerVariation, |a| BipowerVariation::new(a.whole(0))),
    entry!("JumpShare", X, [whole("period", None)], "", "", POSITIVE,
        JumpShare, |a| JumpShare::new(a.whole(0))),
    entry!("TwoScaleVariance", X, [whole("period", None), whole("scale", None)], "", "", POSITIVE,
        TwoScaleVariance, |a| TwoScaleVariance::new(a.whole(0), a.whole(1))),
];
