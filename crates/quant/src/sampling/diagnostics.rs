//! How far draws can be trusted (Vehtari, Gelman, Simpson, Carpenter, Bürkner 2021).

use crate::linalg::lanes::{dot, mean, variance};
use crate::special::normal_quantile;

/// What the draws of one parameter are worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Diagnostics {
    /// Rank-normalised split R-hat: the larger of bulk and folded.
    pub rhat: f64,
    /// Effective sample size of the bulk.
    pub ess_bulk: f64,
    /// Smaller one of the 5 % and 95 % quantiles.
    pub ess_tail: f64,
    /// Monte Carlo standard error of the mean.
    pub mcse: f64,
}

/// Judges chains of equal length, at least four draws each; NaN when there are fewer.
#[must_use]
pub fn diagnose(chains: &[Vec<f64>]) -> Diagnostics {
    let length = chains.first().map_or(0, Vec::len);
    if length < 4 {
        return Diagnostics {
            rhat: f64::NAN,
            ess_bulk: f64::NAN,
            ess_tail: f64::NAN,
            mcse: f64::NAN,
        };
    }
    let split = halves(chains);
    let ranked = normalised(&split);
    let all: Vec<f64> = split.concat();
    let middle = quantile(&all, 0.5);
    let folded: Vec<Vec<f64>> = split
        .iter()
        .map(|chain| chain.iter().map(|x| (x - middle).abs()).collect())
        .collect();
    let every: Vec<f64> = chains.concat();
    let below = |p: f64| -> f64 {
        let cut = quantile(&every, p);
        let flags: Vec<Vec<f64>> = split
            .iter()
            .map(|chain| {
                chain
                    .iter()
                    .map(|x| f64::from(u8::from(*x <= cut)))
                    .collect()
            })
            .collect();
        effective(&flags)
    };
    // Of constants, alone or folded, R-hat is 0 / 0; `max` passes over that of the folded ones.
    let worst = rhat(&ranked).max(rhat(&normalised(&folded)));
    Diagnostics {
        rhat: if worst.is_nan() { f64::INFINITY } else { worst },
        ess_bulk: effective(&ranked),
        ess_tail: below(0.05).min(below(0.95)),
        mcse: (variance(&every, 1) / effective(&split)).sqrt(),
    }
}

/// Both halves of every chain; the middle one of an odd number is left out.
fn halves(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let half = chains[0].len() / 2;
    chains
        .iter()
        .flat_map(|chain| [chain[..half].to_vec(), chain[chain.len() - half..].to_vec()])
        .collect()
}

/// Normal scores of the ranks over all chains; equal values share their mean rank.
fn normalised(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let all: Vec<f64> = chains.concat();
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by(|a, b| all[*a].total_cmp(&all[*b]));
    let mut scores = vec![0.0; all.len()];
    let total = all.len() as f64 + 0.25;
    let mut at = 0;
    while at < order.len() {
        let value = all[order[at]];
        let same = order[at..].iter().take_while(|i| all[**i] <= value).count();
        let rank = at as f64 + 0.5 * (same as f64 + 1.0);
        for i in &order[at..at + same] {
            scores[*i] = normal_quantile((rank - 0.375) / total);
        }
        at += same;
    }
    let length = chains[0].len();
    scores.chunks_exact(length).map(<[f64]>::to_vec).collect()
}

fn rhat(chains: &[Vec<f64>]) -> f64 {
    let n = chains[0].len() as f64;
    let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
    let within: Vec<f64> = chains.iter().map(|chain| variance(chain, 1)).collect();
    let between = n * variance(&means, 1);
    ((between / mean(&within) + n - 1.0) / n).sqrt()
}

/// Linear interpolation between order statistics.
fn quantile(x: &[f64], p: f64) -> f64 {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = p * (sorted.len() as f64 - 1.0);
    let low = place as usize;
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (place - low as f64) * (sorted[high] - sorted[low])
}

/// Effective sample size by Geyer's initial monotone sequence.
fn effective(chains: &[Vec<f64>]) -> f64 {
    let (count, n) = (chains.len() as f64, chains[0].len());
    let total = count * n as f64;
    let centred: Vec<Vec<f64>> = chains
        .iter()
        .map(|chain| {
            let middle = mean(chain);
            chain.iter().map(|x| x - middle).collect()
        })
        .collect();
    let covariance = |lag: usize| -> f64 {
        let each = centred
            .iter()
            .map(|c| dot(&c[lag..], &c[..n - lag]) / n as f64);
        each.sum::<f64>() / count
    };
    let first = covariance(0);
    let within = first * n as f64 / (n as f64 - 1.0);
    let mut whole = first;
    if chains.len() > 1 {
        let means: Vec<f64> = chains.iter().map(|chain| mean(chain)).collect();
        whole += variance(&means, 1);
    }
    if whole <= 0.0 || !whole.is_finite() {
        return total;
    }
    let rho_at = |lag: usize| 1.0 - (within - covariance(lag)) / whole;
    let mut rho = vec![0.0; n];
    let (mut even, mut odd) = (1.0, rho_at(1));
    rho[0] = even;
    rho[1] = odd;
    let mut t = 1;
    while t + 3 < n && even + odd > 0.0 {
        even = rho_at(t + 1);
        odd = rho_at(t + 2);
        if even + odd >= 0.0 {
            rho[t + 1] = even;
            rho[t + 2] = odd;
        }
        t += 2;
    }
    // The last pair was negative, or the end was reached.
    let last = t.saturating_sub(2);
    if even > 0.0 {
        rho[last + 1] = even;
    }
    let mut t = 1;
    while t + 2 <= last {
        let before = rho[t - 1] + rho[t];
        if rho[t + 1] + rho[t + 2] > before {
            rho[t + 1] = 0.5 * before;
            rho[t + 2] = rho[t + 1];
        }
        t += 2;
    }
    let sum: f64 = rho[..=last].iter().sum();
    let time = (2.0 * sum - 1.0 + rho[last + 1]).max(1.0 / libm::log10(total));
    total / time
}
