//! Proof that constraints contradict each other.
//!
//! Every row may be violated at a price: minimise the sum of squared violations. That program
//! always has an interior, and its optimum is zero exactly when the rows can hold together.

use super::interior;
use super::standard::{Dense, Source, Standard, NONE};
use super::Program;
use crate::error::{QuantError, Result};
use crate::linalg::Matrix;

/// A violation below this, relative to the size of its row, counts as none.
const NOTICED: f64 = 1e-6;

/// Weight of the distance from zero, which makes the least violation unique.
const REST: f64 = 1e-9;

/// # Errors
/// [`QuantError::Infeasible`] with the names of the rows that stay violated.
pub(super) fn prove(program: &Program<'_>) -> Result<()> {
    // A distance without a limit forbids nothing.
    let limited = program.distances.iter().filter(|d| d.limit.is_finite());
    let program = &Program {
        distances: limited.cloned().collect(),
        ..program.clone()
    };
    let elastic = elastic(program);
    let point = interior::solve(&elastic);
    if point.residual > 1e-6 {
        return Ok(());
    }
    let n = program.linear.len();
    let rows = elastic
        .equal
        .iter()
        .chain(&elastic.dense)
        .filter(|r| r.source != Source::Equal(NONE));
    let mut names: Vec<String> = Vec::new();
    for (k, row) in rows.enumerate() {
        let violation = point.x[n + k].abs();
        if violation > NOTICED * (1.0 + row.bound.abs()) {
            let (Source::Lower(at) | Source::Upper(at) | Source::Equal(at)) = row.source else {
                let Source::Limit(at) = row.source else {
                    continue;
                };
                names.push(program.distances[at].name.clone());
                continue;
            };
            names.push(program.rows[at].name.clone());
        }
    }
    names.dedup();
    if names.is_empty() {
        return Ok(());
    }
    Err(QuantError::Infeasible {
        problem: format!(
            "within the bounds these cannot hold together: {}",
            names.join(", ")
        ),
        remedy: "loosen one of them, or the bounds",
    })
}

/// The program with one variable of violation for each row, and nothing else to minimise.
fn elastic(program: &Program<'_>) -> Standard {
    let n = program.linear.len();
    let zero = Matrix::zeros(n, n);
    let rows = Standard::new(&Program {
        quadratic: &zero,
        linear: vec![0.0; n],
        ..program.clone()
    });
    let named = |r: &&Dense| r.source != Source::Equal(NONE);
    let extra = rows.dense.len() + rows.equal.iter().filter(named).count();
    let core = n + extra;
    let mut p = Matrix::zeros(core, core);
    for i in 0..n {
        p.set(i, i, REST);
    }
    for i in n..core {
        p.set(i, i, 1.0);
    }
    let mut next = n;
    let mut widen = |row: &Dense| {
        let mut coefficients = row.coefficients.clone();
        coefficients.splice(n..n, vec![0.0; extra]);
        if row.source != Source::Equal(NONE) {
            coefficients[next] = 1.0;
            next += 1;
        }
        Dense {
            coefficients,
            ..row.clone()
        }
    };
    let equal: Vec<Dense> = rows.equal.iter().map(&mut widen).collect();
    let dense: Vec<Dense> = rows.dense.iter().map(&mut widen).collect();
    let mut simple = rows.simple.clone();
    for row in simple.iter_mut().filter(|r| r.aux != NONE) {
        row.aux += extra;
    }
    let mut ends = rows.ends.clone();
    ends.resize(core, [NONE; 2]);
    Standard {
        core,
        total: rows.total + extra,
        p,
        c: vec![0.0; rows.total + extra],
        simple,
        dense,
        equal,
        ends,
        kinks: rows.kinks,
        scale: 1.0,
    }
}
