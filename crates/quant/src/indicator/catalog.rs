//! Every indicator by name: what it takes, what it says, and where it differs from TA-Lib.

use super::adaptive::{Average, AverageKind, Kama, MidPoint, MidPrice};
use super::aroon::{Aroon, AroonOsc};
use super::average::{Dema, Ema, Hma, Tema, Trima, Vwma, Wma, T3};
use super::bands::{AccBands, Bollinger, Donchian, Keltner, ZScore};
use super::cycle::{HtDcPhase, HtSine, HtTrendMode, HtTrendline};
use super::difference::{Apo, Macd, MacdExt, Ppo};
use super::directional::{Adx, Adxr, Dx, MinusDi, MinusDm, PlusDi, PlusDm};
use super::error::IndicatorError;
use super::extremes::{MaxIndex, MinIndex, MinMax};
use super::hilbert::{HtDcPeriod, HtPhasor, Mama};
use super::mean::Sma;
use super::momentum::{Cmo, Mom, Roc, Rocp, Rocr, Rocr100, Rsi, Trix};
use super::oscillator::{Bop, Cci, Imi, Mfi, UltOsc};
use super::price::{AvgPrice, MedPrice, TypPrice, WclPrice};
use super::regression::{
    Beta, Correl, LinearReg, LinearRegAngle, LinearRegIntercept, LinearRegSlope, Tsf,
};
use super::sar::{Acceleration, Sar, SarExt};
use super::statistics::{
    AvgDev, EwmStd, EwmVar, Kurtosis, Max, Median, Min, Quantile, Skewness, StdDev, Sum, Var,
};
use super::stochastic::{Stochastic, StochasticFast, StochasticRsi, WillR};
use super::stream::{erase, Indicator, Lines, Streaming};
use super::volatility::{
    Atr, GarmanKlass, Natr, Parkinson, RealizedVolatility, RogersSatchell, TRange, YangZhang,
};
use super::volume::{Ad, AdOsc, Cmf, Obv, Vwap};

/// What kind of number a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of bars.
    Whole,
    /// A real number.
    Real,
    /// A kind of average: the number of an [`AverageKind`].
    Average,
}

/// One parameter of a constructor.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// What it is when it is not given; None when it must be.
    pub default: Option<f64>,
}

/// The arguments of a constructor, in the order of its parameters.
pub(crate) struct Arguments<'a>(&'a [f64]);

impl Arguments<'_> {
    pub(crate) fn real(&self, place: usize) -> f64 {
        self.0.get(place).copied().unwrap_or(f64::NAN)
    }

    /// A whole number; what is none became 0, which every period refuses.
    pub(crate) fn whole(&self, place: usize) -> usize {
        self.real(place) as usize
    }

    fn average(&self, place: usize) -> AverageKind {
        AverageKind::of(self.whole(place)).unwrap_or(AverageKind::Sma)
    }

    /// A period and its kind of average behind it.
    fn pair(&self, place: usize) -> (usize, AverageKind) {
        (self.whole(place), self.average(place + 1))
    }

    fn side(&self, place: usize) -> Acceleration {
        Acceleration {
            initial: self.real(place),
            step: self.real(place + 1),
            max: self.real(place + 2),
        }
    }
}

/// What an entry makes, or why not.
pub(crate) type Made = Result<Box<dyn Streaming>, IndicatorError>;

/// One indicator.
#[derive(Debug)]
pub struct Entry {
    /// Its name, which is that of the Python class.
    pub name: &'static str,
    /// Its columns in their order; "x" stands for the close of a bar.
    pub columns: &'static [&'static str],
    /// The names of its lines.
    pub lines: &'static [&'static str],
    /// Its parameters in their order.
    pub parameters: &'static [Parameter],
    /// The function of TA-Lib that it equals; empty where there is none.
    pub talib: &'static str,
    /// Where it differs from that function; empty where it does not.
    pub note: &'static str,
    /// Whether every number that it takes must be more than 0.
    pub positive: bool,
    pub(crate) make: fn(&Arguments<'_>) -> Made,
}

impl Entry {
    /// Finds an indicator or a feature by name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        let mut all = CATALOG.iter().chain(crate::feature::FEATURES);
        all.find(|entry| entry.name == name)
    }

    /// Makes the indicator; one argument for each parameter, in their order.
    ///
    /// # Errors
    /// What its constructor refuses.
    pub fn make(&self, arguments: &[f64]) -> Result<Box<dyn Streaming>, IndicatorError> {
        (self.make)(&Arguments(arguments))
    }
}

const X: &[&str] = &["x"];
const XY: &[&str] = &["x", "y"];
const HL: &[&str] = &["high", "low"];
const OC: &[&str] = &["open", "close"];
const HLC: &[&str] = &["high", "low", "close"];
const OHLC: &[&str] = &["open", "high", "low", "close"];
const CV: &[&str] = &["close", "volume"];
const HLCV: &[&str] = &["high", "low", "close", "volume"];
pub(crate) const POSITIVE: bool = true;
pub(crate) const FINITE: bool = false;

pub(crate) const fn whole(name: &'static str, default: Option<f64>) -> Parameter {
    parameter(name, Kind::Whole, default)
}

pub(crate) const fn real(name: &'static str, default: Option<f64>) -> Parameter {
    parameter(name, Kind::Real, default)
}

const fn average(name: &'static str, default: Option<f64>) -> Parameter {
    parameter(name, Kind::Average, default)
}

const fn parameter(name: &'static str, kind: Kind, default: Option<f64>) -> Parameter {
    Parameter {
        name,
        kind,
        default,
    }
}

macro_rules! entry {
    ($name:literal, $columns:expr, [$($parameter:expr),*], $talib:literal, $note:literal,
     $positive:expr, $type:ty, |$given:ident| $made:expr) => {
        Entry {
            name: $name,
            columns: $columns,
            lines: <<$type as Indicator>::Value as Lines>::NAMES,
            parameters: &[$($parameter),*],
            talib: $talib,
            note: $note,
            positive: $positive,
            make: {
                fn make($given: &Arguments<'_>) -> Made {
                    let made: Result<$type, IndicatorError> = $made;
                    made.map(erase)
                }
                make
            },
        }
    };
}

pub(crate) use entry;

/// Every indicator.
#[rustfmt::skip]
pub static CATALOG: &[Entry] = &[
    entry!("SMA", X, [whole("period", None)],
        "SMA", "A constant window gives its constant exactly.", FINITE,
        Sma, |a| Sma::new(a.whole(0))),
    entry!("EMA", X, [whole("period", None)],
        "EMA", "", FINITE, Ema, |a| Ema::new(a.whole(0))),
    entry!("WMA", X, [whole("period", None)],
        "WMA", "", FINITE, Wma, |a| Wma::new(a.whole(0))),
    entry!("DEMA", X, [whole("period", None)],
        "DEMA", "", FINITE, Dema, |a| Dema::new(a.whole(0))),
    entry!("TEMA", X, [whole("period", None)],
        "TEMA", "", FINITE, Tema, |a| Tema::new(a.whole(0))),
    entry!("TRIMA", X, [whole("period", None)],
        "TRIMA", "", FINITE, Trima, |a| Trima::new(a.whole(0))),
    entry!("KAMA", X, [whole("period", Some(30.0))],
        "KAMA", "In a flat window the efficiency is 1, where rounding noise decides there.", FINITE,
        Kama, |a| Kama::new(a.whole(0))),
    entry!("MAMA", X, [real("fast_limit", Some(0.5)), real("slow_limit", Some(0.05))],
        "MAMA", "A flat stretch has no phase, where rounding noise decides there.", FINITE,
        Mama, |a| Mama::new(a.real(0), a.real(1))),
    entry!("T3", X, [whole("period", Some(5.0)), real("factor", Some(0.7))],
        "T3", "", FINITE, T3, |a| T3::new(a.whole(0), a.real(1))),
    entry!("HMA", X, [whole("period", None)],
        "HMA", "", FINITE, Hma, |a| Hma::new(a.whole(0))),
    entry!("VWMA", CV, [whole("period", None)],
        "VWMA", "", FINITE, Vwma, |a| Vwma::new(a.whole(0))),
    entry!("MA", X, [whole("period", Some(30.0)), average("average", Some(0.0))],
        "MA", "", FINITE, Average, |a| Average::new(a.whole(0), a.average(1))),
    entry!("Bollinger", X, [whole("period", Some(20.0)), real("width", Some(2.0))],
        "BBANDS", "One width, simple average; no rounding noise is left in a flat window.", FINITE,
        Bollinger, |a| Bollinger::new(a.whole(0), a.real(1))),
    entry!("Keltner", HLC,
        [whole("period", Some(20.0)), whole("atr_period", Some(10.0)), real("width", Some(2.0))],
        "KC", "", FINITE, Keltner, |a| Keltner::new(a.whole(0), a.whole(1), a.real(2))),
    entry!("Donchian", HL, [whole("period", Some(20.0))],
        "DONCHIAN", "", FINITE, Donchian, |a| Donchian::new(a.whole(0))),
    entry!("ACCBANDS", HLC, [whole("period", Some(20.0))],
        "ACCBANDS", "", FINITE, AccBands, |a| AccBands::new(a.whole(0))),
    entry!("MIDPOINT", X, [whole("period", Some(14.0))],
        "MIDPOINT", "", FINITE, MidPoint, |a| MidPoint::new(a.whole(0))),
    entry!("MIDPRICE", HL, [whole("period", Some(14.0))],
        "MIDPRICE", "", FINITE, MidPrice, |a| MidPrice::new(a.whole(0))),
    entry!("SAR", HL, [real("acceleration", Some(0.02)), real("maximum", Some(0.2))],
        "SAR", "", FINITE, Sar, |a| Sar::new(a.real(0), a.real(1))),
    entry!("SAREXT", HL, [
        real("start", Some(0.0)), real("offset", Some(0.0)), real("init_long", Some(0.02)),
        real("step_long", Some(0.02)), real("max_long", Some(0.2)),
        real("init_short", Some(0.02)), real("step_short", Some(0.02)),
        real("max_short", Some(0.2))],
        "SAREXT", "", FINITE,
        SarExt, |a| SarExt::new(a.real(0), a.real(1), a.side(2), a.side(5))),
    entry!("HT_TRENDLINE", X, [],
        "HT_TRENDLINE", "A flat stretch has no phase, where rounding noise decides there.", FINITE,
        HtTrendline, |_a| Ok(HtTrendline::new())),
    entry!("ADX", HLC, [whole("period", Some(14.0))],
        "ADX", "", FINITE, Adx, |a| Adx::new(a.whole(0))),
    entry!("ADXR", HLC, [whole("period", Some(14.0))],
        "ADXR", "", FINITE, Adxr, |a| Adxr::new(a.whole(0))),
    entry!("DX", HLC, [whole("period", Some(14.0))],
        "DX", "", FINITE, Dx, |a| Dx::new(a.whole(0))),
    entry!("PLUS_DI", HLC, [whole("period", Some(14.0))],
        "PLUS_DI", "", FINITE, PlusDi, |a| PlusDi::new(a.whole(0))),
    entry!("MINUS_DI", HLC, [whole("period", Some(14.0))],
        "MINUS_DI", "", FINITE, MinusDi, |a| MinusDi::new(a.whole(0))),
    entry!("PLUS_DM", HL, [whole("period", Some(14.0))],
        "PLUS_DM", "", FINITE, PlusDm, |a| PlusDm::new(a.whole(0))),
    entry!("MINUS_DM", HL, [whole("period", Some(14.0))],
        "MINUS_DM", "", FINITE, MinusDm, |a| MinusDm::new(a.whole(0))),
    entry!("APO", X, [
        whole("fast", Some(12.0)), whole("slow", Some(26.0)), average("average", Some(0.0))],
        "APO", "fast >= slow is refused, not exchanged.", FINITE,
        Apo, |a| Apo::new(a.whole(0), a.whole(1), a.average(2))),
    entry!("PPO", X, [
        whole("fast", Some(12.0)), whole("slow", Some(26.0)), average("average", Some(0.0))],
        "PPO", "fast >= slow is refused, not exchanged.", FINITE,
        Ppo, |a| Ppo::new(a.whole(0), a.whole(1), a.average(2))),
    entry!("AROON", HL, [whole("period", Some(14.0))],
        "AROON", "", FINITE, Aroon, |a| Aroon::new(a.whole(0))),
    entry!("AROONOSC", HL, [whole("period", Some(14.0))],
        "AROONOSC", "", FINITE, AroonOsc, |a| AroonOsc::new(a.whole(0))),
    entry!("BOP", OHLC, [],
        "BOP", "", FINITE, Bop, |_a| Ok(Bop::new())),
    entry!("CCI", HLC, [whole("period", Some(14.0))],
        "CCI", "0 on a flat window, where rounding noise may decide there.", FINITE,
        Cci, |a| Cci::new(a.whole(0))),
    entry!("CMO", X, [whole("period", Some(14.0))],
        "CMO", "", FINITE, Cmo, |a| Cmo::new(a.whole(0))),
    entry!("IMI", OC, [whole("period", Some(14.0))],
        "IMI", "", FINITE, Imi, |a| Imi::new(a.whole(0))),
    entry!("MACD", X, [
        whole("fast", Some(12.0)), whole("slow", Some(26.0)), whole("signal", Some(9.0))],
        "MACD", "fast >= slow is refused, not exchanged.", FINITE,
        Macd, |a| Macd::new(a.whole(0), a.whole(1), a.whole(2))),
    entry!("MACDEXT", X, [
        whole("fast", Some(12.0)), average("fast_average", Some(0.0)), whole("slow", Some(26.0)),
        average("slow_average", Some(0.0)), whole("signal", Some(9.0)),
        average("signal_average", Some(0.0))],
        "MACDEXT", "fast >= slow is refused, not exchanged.", FINITE,
        MacdExt, |a| MacdExt::new(a.pair(0), a.pair(2), a.pair(4))),
    entry!("MACDFIX", X, [whole("signal", Some(9.0))],
        "MACDFIX", "", FINITE, Macd, |a| Macd::fixed(a.whole(0))),
    entry!("MFI", HLCV, [whole("period", Some(14.0))],
        "MFI", "No rounding noise is left in a flat window.", FINITE,
        Mfi, |a| Mfi::new(a.whole(0))),
    entry!("MOM", X, [whole("period", Some(10.0))],
        "MOM", "", FINITE, Mom, |a| Mom::new(a.whole(0))),
    entry!("ROC", X, [whole("period", Some(10.0))],
        "ROC", "", FINITE, Roc, |a| Roc::new(a.whole(0))),
    entry!("ROCP", X, [whole("period", Some(10.0))],
        "ROCP", "", FINITE, Rocp, |a| Rocp::new(a.whole(0))),
    entry!("ROCR", X, [whole("period", Some(10.0))],
        "ROCR", "", FINITE, Rocr, |a| Rocr::new(a.whole(0))),
    entry!("ROCR100", X, [whole("period", Some(10.0))],
        "ROCR100", "", FINITE, Rocr100, |a| Rocr100::new(a.whole(0))),
    entry!("RSI", X, [whole("period", Some(14.0))],
        "RSI", "On a long flat stretch it keeps its value.", FINITE,
        Rsi, |a| Rsi::new(a.whole(0))),
    entry!("Stochastic", HLC, [
        whole("period", Some(14.0)), whole("k_smooth", Some(3.0)), whole("d_smooth", Some(3.0)),
        average("k_average", Some(0.0)), average("d_average", Some(0.0))],
        "STOCH", "Lengths first, kinds of averages behind; defaults 14, 3, 3.", FINITE,
        Stochastic, |a|
            Stochastic::new(a.whole(0), (a.whole(1), a.average(3)), (a.whole(2), a.average(4)))),
    entry!("STOCHF", HLC, [
        whole("period", Some(5.0)), whole("d_smooth", Some(3.0)),
        average("d_average", Some(0.0))],
        "STOCHF", "", FINITE,
        StochasticFast, |a| StochasticFast::new(a.whole(0), a.whole(1), a.average(2))),
    entry!("STOCHRSI", X, [
        whole("period", Some(14.0)), whole("k_period", Some(5.0)), whole("d_smooth", Some(3.0)),
        average("d_average", Some(0.0))],
        "STOCHRSI",
        "A flat stretch keeps the index exactly, where rounding noise decides there.", FINITE,
        StochasticRsi, |a| StochasticRsi::new(a.whole(0), a.whole(1), a.whole(2), a.average(3))),
    entry!("TRIX", X, [whole("period", Some(30.0))],
        "TRIX", "", FINITE, Trix, |a| Trix::new(a.whole(0))),
    entry!("ULTOSC", HLC, [
        whole("period1", Some(7.0)), whole("period2", Some(14.0)), whole("period3", Some(28.0))],
        "ULTOSC", "No rounding noise is left in a flat window.", FINITE,
        UltOsc, |a| UltOsc::new(a.whole(0), a.whole(1), a.whole(2))),
    entry!("WILLR", HLC, [whole("period", Some(14.0))],
        "WILLR", "", FINITE, WillR, |a| WillR::new(a.whole(0))),
    entry!("AD", HLCV, [],
        "AD", "", FINITE, Ad, |_a| Ok(Ad::new())),
    entry!("ADOSC", HLCV, [whole("fast", Some(3.0)), whole("slow", Some(10.0))],
        "ADOSC", "", FINITE, AdOsc, |a| AdOsc::new(a.whole(0), a.whole(1))),
    entry!("OBV", CV, [],
        "OBV", "", FINITE, Obv, |_a| Ok(Obv::new())),
    entry!("VWAP", HLCV, [],
        "VWAP", "", FINITE, Vwap, |_a| Ok(Vwap::new())),
    entry!("CMF", HLCV, [whole("period", Some(20.0))],
        "CMF", "", FINITE, Cmf, |a| Cmf::new(a.whole(0))),
    entry!("ATR", HLC, [whole("period", Some(14.0))],
        "ATR", "", FINITE, Atr, |a| Atr::new(a.whole(0))),
    entry!("NATR", HLC, [whole("period", Some(14.0))],
        "NATR", "Of period 1 in percent too, where TA-Lib gives the true range itself.", FINITE,
        Natr, |a| Natr::new(a.whole(0))),
    entry!("TRANGE", HLC, [],
        "TRANGE", "", FINITE, TRange, |_a| Ok(TRange::new())),
    entry!("Parkinson", HL, [whole("period", Some(20.0)), real("scale", Some(1.0))],
        "", "", POSITIVE, Parkinson, |a| Parkinson::new(a.whole(0), a.real(1))),
    entry!("GarmanKlass", OHLC, [whole("period", Some(20.0)), real("scale", Some(1.0))],
        "", "", POSITIVE, GarmanKlass, |a| GarmanKlass::new(a.whole(0), a.real(1))),
    entry!("RogersSatchell", OHLC, [whole("period", Some(20.0)), real("scale", Some(1.0))],
        "", "", POSITIVE, RogersSatchell, |a| RogersSatchell::new(a.whole(0), a.real(1))),
    entry!("YangZhang", OHLC, [whole("period", Some(20.0)), real("scale", Some(1.0))],
        "", "", POSITIVE, YangZhang, |a| YangZhang::new(a.whole(0), a.real(1))),
    entry!("RealizedVolatility", X, [whole("period", Some(20.0)), real("scale", Some(1.0))],
        "", "", POSITIVE, RealizedVolatility, |a| RealizedVolatility::new(a.whole(0), a.real(1))),
    entry!("HT_DCPERIOD", X, [],
        "HT_DCPERIOD", "A flat stretch has no phase, where rounding noise decides there.", FINITE,
        HtDcPeriod, |_a| Ok(HtDcPeriod::new())),
    entry!("HT_DCPHASE", X, [],
        "HT_DCPHASE", "A flat stretch has no phase, where rounding noise decides there.", FINITE,
        HtDcPhase, |_a| Ok(HtDcPhase::new())),
    entry!("HT_PHASOR", X, [],
        "HT_PHASOR", "A flat stretch has no phase, where rounding noise decides there.", FINITE,
        HtPhasor, |_a| Ok(HtPhasor::new())),
    entry!("HT_SINE", X, [],
        "HT_SINE", "A flat stretch has no phase, where rounding noise decides there.", FINITE,
        HtSine, |_a| Ok(HtSine::new())),
    entry!("HT_TRENDMODE", X, [],
        "HT_TRENDMODE",
        "Floats 0 and 1, NaN before the first; a flat stretch has no phase.", FINITE,
        HtTrendMode, |_a| Ok(HtTrendMode::new())),
    entry!("AVGPRICE", OHLC, [],
        "AVGPRICE", "", FINITE, AvgPrice, |_a| Ok(AvgPrice::new())),
    entry!("MEDPRICE", HL, [],
        "MEDPRICE", "", FINITE, MedPrice, |_a| Ok(MedPrice::new())),
    entry!("TYPPRICE", HLC, [],
        "TYPPRICE", "", FINITE, TypPrice, |_a| Ok(TypPrice::new())),
    entry!("WCLPRICE", HLC, [],
        "WCLPRICE", "", FINITE, WclPrice, |_a| Ok(WclPrice::new())),
    entry!("BETA", XY, [whole("period", Some(5.0))],
        "BETA", "No rounding noise is left in a flat window.", FINITE,
        Beta, |a| Beta::new(a.whole(0))),
    entry!("CORREL", XY, [whole("period", Some(30.0))],
        "CORREL", "No rounding noise is left in a flat window.", FINITE,
        Correl, |a| Correl::new(a.whole(0))),
    entry!("LINEARREG", X, [whole("period", Some(14.0))],
        "LINEARREG", "", FINITE, LinearReg, |a| LinearReg::new(a.whole(0))),
    entry!("LINEARREG_ANGLE", X, [whole("period", Some(14.0))],
        "LINEARREG_ANGLE", "Nearer to the exact angle: the sums there leave 1e-10.", FINITE,
        LinearRegAngle, |a| LinearRegAngle::new(a.whole(0))),
    entry!("LINEARREG_INTERCEPT", X, [whole("period", Some(14.0))],
        "LINEARREG_INTERCEPT", "", FINITE,
        LinearRegIntercept, |a| LinearRegIntercept::new(a.whole(0))),
    entry!("LINEARREG_SLOPE", X, [whole("period", Some(14.0))],
        "LINEARREG_SLOPE", "", FINITE, LinearRegSlope, |a| LinearRegSlope::new(a.whole(0))),
    entry!("TSF", X, [whole("period", Some(14.0))],
        "TSF", "", FINITE, Tsf, |a| Tsf::new(a.whole(0))),
    entry!("STDDEV", X, [whole("period", Some(5.0)), real("width", Some(1.0))],
        "STDDEV", "No rounding noise is left in a flat window.", FINITE,
        StdDev, |a| StdDev::new(a.whole(0), a.real(1))),
    entry!("VAR", X, [whole("period", Some(5.0))],
        "VAR",
        "No second parameter (it does nothing there); no rounding noise in a flat window.",
        FINITE,
        Var, |a| Var::new(a.whole(0))),
    entry!("AVGDEV", X, [whole("period", Some(14.0))],
        "AVGDEV", "", FINITE, AvgDev, |a| AvgDev::new(a.whole(0))),
    entry!("MAX", X, [whole("period", Some(30.0))],
        "MAX", "", FINITE, Max, |a| Max::new(a.whole(0))),
    entry!("MIN", X, [whole("period", Some(30.0))],
        "MIN", "", FINITE, Min, |a| Min::new(a.whole(0))),
    entry!("SUM", X, [whole("period", Some(30.0))],
        "SUM", "", FINITE, Sum, |a| Sum::new(a.whole(0))),
    entry!("MINMAX", X, [whole("period", Some(30.0))],
        "MINMAX", "", FINITE, MinMax, |a| MinMax::new(a.whole(0))),
    entry!("MAXINDEX", X, [whole("period", Some(30.0))],
        "MAXINDEX",
        "Of equal ones the newest (there it depends on the past). Floats; NaN before the first.",
        FINITE,
        MaxIndex, |a| MaxIndex::new(a.whole(0))),
    entry!("MININDEX", X, [whole("period", Some(30.0))],
        "MININDEX",
        "Of equal ones the newest (there it depends on the past). Floats; NaN before the first.",
        FINITE,
        MinIndex, |a| MinIndex::new(a.whole(0))),
    entry!("Median", X, [whole("period", None)],
        "", "", FINITE, Median, |a| Median::new(a.whole(0))),
    entry!("Quantile", X, [whole("period", None), real("fraction", None)],
        "", "TA-Lib's PERCENTILE takes the nearest rank.",
        FINITE, Quantile, |a| Quantile::new(a.whole(0), a.real(1))),
    entry!("Skewness", X, [whole("period", None)],
        "", "", FINITE, Skewness, |a| Skewness::new(a.whole(0))),
    entry!("Kurtosis", X, [whole("period", None)],
        "", "", FINITE, Kurtosis, |a| Kurtosis::new(a.whole(0))),
    entry!("ZScore", X, [whole("period", None)],
        "", "", FINITE, ZScore, |a| ZScore::new(a.whole(0))),
    entry!("EWMVar", X, [whole("period", None)],
        "", "", FINITE, EwmVar, |a| EwmVar::new(a.whole(0))),
    entry!("EWMStd", X, [whole("period", None)],
        "", "", FINITE, EwmStd, |a| EwmStd::new(a.whole(0))),
];
