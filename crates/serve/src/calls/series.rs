//! What the last price means.

use py_rt_quant::series::{self, Bias, HalfLifeMethod, ZScoreMethod};
use py_rt_quant::QuantError;

use super::{moments, real, whole};
use crate::proto::{CalculateMeanReversionRequest, CalculateMeanReversionResponse};
use crate::refusal::Refusal;

const USUAL_EXIT: f64 = 0.5;

/// The signal of a strategy that bets on the return to the mean, at the last price.
///
/// # Errors
/// NaN with its row, too few prices, thresholds in the wrong order.
pub fn calculate_mean_reversion(
    request: &CalculateMeanReversionRequest,
) -> Result<CalculateMeanReversionResponse, Refusal> {
    let prices = &request.prices;
    let enter = real(
        request.threshold.unwrap_or(2.0),
        "threshold",
        0.0,
        f64::INFINITY,
    )?;
    let usual = if enter > USUAL_EXIT {
        USUAL_EXIT
    } else {
        enter / 4.0
    };
    let leave = request.exit_threshold.unwrap_or(usual);
    if !(0.0 <= leave && leave < enter) {
        return Err(Refusal::parameter(
            "exit_threshold",
            format!(
                "exit_threshold is {leave}, but must lie between 0 and threshold, which is {enter}"
            ),
            "leave nearer to the mean than you enter",
        ));
    }
    let window = whole(request.lookback.unwrap_or(20), "lookback", 2, u32::MAX)?;
    if prices.len() < window {
        return Err(Refusal::data(
            "prices",
            format!("{} prices, but lookback is {window}", prices.len()),
            "pass more prices, or a shorter lookback",
        ));
    }
    let named = |error: QuantError| Refusal::from(error).renamed("x", "prices");
    let scores = series::zscore(prices, window, ZScoreMethod::Standard).map_err(named)?;
    let last = scores.last().copied().unwrap_or(f64::NAN);
    let (mean, std) = moments(&prices[prices.len() - window..]);
    let duration = series::half_life(prices, HalfLifeMethod::Exact, Bias::None, 0.95);
    let half_life = match duration {
        Ok(found) => found.half_life,
        Err(QuantError::Data(_) | QuantError::Degenerate(_)) => f64::INFINITY,
        Err(other) => return Err(named(other)),
    };
    let entered = last.abs() > enter;
    let signal = match (entered, last > 0.0) {
        (false, _) => 0,
        (true, true) => -1,
        (true, false) => 1,
    };
    Ok(CalculateMeanReversionResponse {
        signal,
        zscore: last,
        entry_signal: entered,
        exit_signal: last.abs() < leave,
        mean,
        std,
        half_life,
    })
}
