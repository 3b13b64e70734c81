//! Small conversions of what a strategy hands over.

use py_rt_types::{OrderStatus, Side, TimeInForce};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::error::FaceError;

/// The word for a side.
pub(crate) const fn side_name(side: Side) -> &'static str {
    match side {
        Side::Buy => "buy",
        Side::Sell => "sell",
    }
}

/// The word for a side number of a market row.
pub(crate) const fn aggressor_name(side: i8) -> Option<&'static str> {
    match side {
        1 => Some("buy"),
        -1 => Some("sell"),
        _ => None,
    }
}

/// The word for a time in force.
pub(crate) const fn tif_name(tif: TimeInForce) -> &'static str {
    match tif {
        TimeInForce::Day => "DAY",
        TimeInForce::Gtc => "GTC",
        TimeInForce::Ioc => "IOC",
        TimeInForce::Fok => "FOK",
    }
}

/// The FIX name of a state.
pub(crate) const fn status_name(status: OrderStatus) -> &'static str {
    status.name()
}

/// A side from its word.
pub(crate) fn parse_side(text: &str) -> PyResult<Side> {
    match text {
        "buy" => Ok(Side::Buy),
        "sell" => Ok(Side::Sell),
        other => {
            let problem = format!("{other:?} is unknown");
            Err(FaceError::parameter("side", problem, "buy or sell"))
        }
    }
}

/// A time in force from its word.
pub(crate) fn parse_tif(text: Option<&str>) -> PyResult<Option<TimeInForce>> {
    Ok(match text {
        None => None,
        Some("DAY" | "day") => Some(TimeInForce::Day),
        Some("GTC" | "gtc") => Some(TimeInForce::Gtc),
        Some("IOC" | "ioc") => Some(TimeInForce::Ioc),
        Some("FOK" | "fok") => Some(TimeInForce::Fok),
        Some(other) => {
            let problem = format!("{other:?} is unknown");
            return Err(FaceError::parameter(
                "tif",
                problem,
                "use DAY, GTC, IOC, FOK or None",
            ));
        }
    })
}

/// A duration in nanoseconds from an integer, or from text such as "10ms".
pub(crate) fn duration_ns(field: &str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let bad = |problem: String| {
        FaceError::parameter(
            field,
            problem,
            "use integer nanoseconds or text such as \"10ms\"",
        )
    };
    let Ok(text) = value.cast::<PyString>() else {
        return value
            .extract::<i64>()
            .map_err(|_| bad("is not an integer".to_owned()));
    };
    let text = text.to_cow()?;
    let split = text
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(text.len());
    let unit = match &text[split..] {
        "ns" => 1.0,
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 6e10,
        "h" => 3.6e12,
        "d" => 8.64e13,
        _ => return Err(bad(format!("{text:?} has no unit of ns us ms s m h d"))),
    };
    let count: f64 = text[..split]
        .trim()
        .parse()
        .map_err(|_| bad(format!("{text:?}")))?;
    if !(count.is_finite() && count >= 0.0) {
        return Err(bad(format!("{text:?} is negative or not a number")));
    }
    Ok((count * unit).round() as i64)
}
