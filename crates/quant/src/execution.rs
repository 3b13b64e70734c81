//! How fast to trade: the trajectory of Almgren and Chriss.
//!
//! Trading fast moves the price against us, trading slowly leaves us open to its moves. With
//! temporary impact linear in the rate of trading and a random walk of the price, the holdings that
//! minimise `E + lambda V` of the implementation shortfall are
//! `x_j = X sinh(kappa (T - t_j)) / sinh(kappa T)`.
//!
//! # Source
//! Almgren, Chriss (2001), Optimal execution of portfolio transactions, Journal of Risk 3(2), eq.
//! 16 to 21.

use crate::error::{QuantError, Result};

/// The market and the wish of one order. Units: prices in money a share, quantities in shares,
/// times in any one unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impact {
    /// Standard deviation of the price over one unit of time, money a share.
    pub volatility: f64,
    /// `eta`: price given away a share for trading one share in one unit of time.
    pub temporary_impact: f64,
    /// `gamma`: price moved for good by one share.
    pub permanent_impact: f64,
    /// `epsilon`: fixed cost a share, such as half of the spread.
    pub fixed_cost: f64,
    /// `lambda`: what a unit of variance costs, 1 a unit of money.
    pub risk_aversion: f64,
}

/// An optimal trajectory.
#[derive(Debug, Clone, PartialEq)]
pub struct Trajectory {
    /// Rate of decay, 1 a unit of time; its inverse is the half-life of the paper.
    pub kappa: f64,
    /// Shares left at the begin and after each slice: one more than there are slices.
    pub holdings: Vec<f64>,
    /// Shares traded in each slice.
    pub trades: Vec<f64>,
    /// Expected implementation shortfall, money.
    pub expected_cost: f64,
    /// Its variance, money squared.
    pub variance: f64,
}

impl Trajectory {
    /// The trades as whole weights that are as large as 32 bits allow, for an execution schedule.
    #[must_use]
    pub fn weights(&self) -> Vec<u32> {
        let most = self.trades.iter().copied().fold(0.0, f64::max);
        let scale = if most > 0.0 {
            4_294_967_295.0 / most
        } else {
            0.0
        };
        self.trades
            .iter()
            .map(|trade| (trade * scale).round() as u32)
            .collect()
    }
}

/// The best trajectory for `quantity` shares within `horizon` units of time, in `slices` parts.
///
/// # Errors
/// [`QuantError::Parameter`] naming what is no positive number, or an impact so permanent that a
/// slice would earn from its own trades.
pub fn almgren_chriss(
    impact: &Impact,
    quantity: f64,
    horizon: f64,
    slices: usize,
) -> Result<Trajectory> {
    check(impact, quantity, horizon, slices)?;
    let tau = horizon / slices as f64;
    let eta = impact.temporary_impact - 0.5 * impact.permanent_impact * tau;
    if eta <= 0.0 {
        return Err(refused(
            "permanent_impact",
            format!(
                "is {} and outweighs the temporary impact",
                impact.permanent_impact
            ),
            "choose it below 2 * temporary_impact / slice length",
        ));
    }
    let squared = impact.risk_aversion * impact.volatility * impact.volatility / eta;
    let kappa = (0.5 * squared * tau * tau + 1.0).acosh() / tau;
    let holdings: Vec<f64> = (0..=slices)
        .map(|slice| quantity * share(kappa, horizon, slice as f64 * tau, slice == slices))
        .collect();
    let trades: Vec<f64> = holdings.windows(2).map(|two| two[0] - two[1]).collect();
    let squares: f64 = trades.iter().map(|trade| trade * trade).sum();
    let expected_cost = 0.5 * impact.permanent_impact * quantity * quantity
        + impact.fixed_cost * quantity
        + eta / tau * squares;
    let open: f64 = holdings[1..].iter().map(|held| held * held).sum();
    Ok(Trajectory {
        kappa,
        variance: impact.volatility * impact.volatility * tau * open,
        holdings,
        trades,
        expected_cost,
    })
}

/// `sinh(kappa (T - t)) / sinh(kappa T)` without overflow; the straight line without a kappa.
fn share(kappa: f64, horizon: f64, t: f64, last: bool) -> f64 {
    if last {
        return 0.0;
    }
    if kappa * horizon < 1e-7 {
        return 1.0 - t / horizon;
    }
    let far = (-kappa * (2.0 * horizon - t)).exp();
    ((-kappa * t).exp() - far) / -(-2.0 * kappa * horizon).exp_m1()
}

fn refused(name: &'static str, problem: String, remedy: &'static str) -> QuantError {
    QuantError::Parameter {
        name,
        problem,
        remedy,
    }
}

fn check(impact: &Impact, quantity: f64, horizon: f64, slices: usize) -> Result<()> {
    let above = [
        ("quantity", quantity),
        ("horizon", horizon),
        ("temporary_impact", impact.temporary_impact),
    ];
    for (name, value) in above {
        if !(value.is_finite() && value > 0.0) {
            return Err(refused(
                name,
                format!("is {value}"),
                "pass a number above 0",
            ));
        }
    }
    let from = [
        ("volatility", impact.volatility),
        ("permanent_impact", impact.permanent_impact),
        ("fixed_cost", impact.fixed_cost),
        ("risk_aversion", impact.risk_aversion),
    ];
    for (name, value) in from {
        if !(value.is_finite() && value >= 0.0) {
            return Err(refused(
                name,
                format!("is {value}"),
                "pass a number from 0 on",
            ));
        }
    }
    if slices == 0 {
        return Err(refused("slices", "is 0".into(), "pass 1 or more"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper, section 3.4: a million shares in five days.
    const PAPER: Impact = Impact {
        volatility: 0.95,
        temporary_impact: 2.5e-6,
        permanent_impact: 2.5e-7,
        fixed_cost: 0.0625,
        risk_aversion: 1e-6,
    };

    /// Printed by another implementation (DROP 4.66, its run of the paper's example): risk aversion
    /// in 1e-6, expected cost in 1e6, variance in 1e12, half-life in days.
    #[test]
    fn the_example_of_the_paper_is_what_others_print() {
        let printed = [
            (0.001, 0.6625, 1.0812, 51.30),
            (0.002, 0.6625, 1.0794, 36.27),
            (0.005, 0.6625, 1.0740, 22.94),
            (0.009, 0.6626, 1.0669, 17.10),
        ];
        for (aversion, cost, variance, half_life) in printed {
            let impact = Impact {
                risk_aversion: aversion * 1e-6,
                ..PAPER
            };
            let found = almgren_chriss(&impact, 1e6, 5.0, 5).unwrap();
            assert!((found.expected_cost / 1e6 - cost).abs() < 6e-5, "{found:?}");
            assert!((found.variance / 1e12 - variance).abs() < 6e-5, "{found:?}");
            assert!((1.0 / found.kappa - half_life).abs() < 6e-3, "{found:?}");
        }
    }

    /// The holdings minimise what they claim to: any other way costs more.
    #[test]
    fn no_other_way_costs_less() {
        let best = almgren_chriss(&PAPER, 1e6, 5.0, 5).unwrap();
        assert!((best.kappa - 0.607).abs() < 1e-3, "{}", best.kappa);
        let eta = PAPER.temporary_impact - 0.5 * PAPER.permanent_impact;
        let cost = |holdings: &[f64]| {
            let trades = holdings.windows(2).map(|two| (two[0] - two[1]).powi(2));
            let open = holdings[1..].iter().map(|held| held * held);
            let variance: f64 = open.sum::<f64>() * PAPER.volatility.powi(2);
            eta * trades.sum::<f64>() + PAPER.risk_aversion * variance
        };
        let least = cost(&best.holdings);
        for slice in 1..5 {
            for shift in [-1e3, -1.0, 1.0, 1e3] {
                let mut other = best.holdings.clone();
                other[slice] += shift;
                assert!(cost(&other) > least, "{slice} {shift}");
            }
        }
    }

    #[test]
    fn no_risk_aversion_is_a_straight_line_and_much_of_it_is_at_once() {
        let calm = Impact {
            risk_aversion: 0.0,
            ..PAPER
        };
        let even = almgren_chriss(&calm, 10.0, 5.0, 5).unwrap().trades;
        assert_eq!(even.len(), 5);
        assert!(
            even.iter().all(|trade| (trade - 2.0).abs() < 1e-12),
            "{even:?}"
        );
        let weights = almgren_chriss(&calm, 10.0, 5.0, 4).unwrap().weights();
        assert!(
            weights.iter().all(|weight| u32::MAX - weight <= 1),
            "{weights:?}"
        );
        let afraid = Impact {
            risk_aversion: 1e9,
            ..PAPER
        };
        let found = almgren_chriss(&afraid, 10.0, 5.0, 5).unwrap();
        assert!(found.trades[0] > 9.999_999, "{found:?}");
    }

    #[test]
    fn what_is_no_number_is_named() {
        let bad = Impact {
            volatility: f64::NAN,
            ..PAPER
        };
        let error = almgren_chriss(&bad, 1.0, 1.0, 1).unwrap_err();
        assert!(matches!(
            error,
            QuantError::Parameter {
                name: "volatility",
                ..
            }
        ));
        let eager = Impact {
            permanent_impact: 1e-5,
            ..PAPER
        };
        let error = almgren_chriss(&eager, 1.0, 5.0, 5).unwrap_err();
        assert!(matches!(
            error,
            QuantError::Parameter {
                name: "permanent_impact",
                ..
            }
        ));
    }
}
