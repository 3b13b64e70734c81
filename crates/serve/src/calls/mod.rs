//! The calls that are numbers from numbers: a request in, a response or a refusal out.
//!
//! They know nothing of sockets; the server and the client's fallback in the same process call
//! the same functions, so their results are equal.

mod models;
mod portfolio;
mod posterior;
mod regimes;
mod risk;
mod series;
mod sparse;

pub use models::Model;
pub use portfolio::optimize_portfolio;
pub use posterior::run_mcmc;
pub use regimes::{detect_regime, run_hmm};
pub use risk::risk_analytics;
pub use series::calculate_mean_reversion;
pub use sparse::{box_tao_decomposition, calculate_sparse_portfolio};

use py_rt_quant::linalg;

use crate::proto::{Matrix, Table};
use crate::refusal::Refusal;

/// Told how much is done of how much; answers whether to go on.
pub type Watch<'a> = &'a mut dyn FnMut(usize, usize) -> bool;

/// A finite number strictly between its bounds.
fn real(value: f64, name: &str, low: f64, high: f64) -> Result<f64, Refusal> {
    if value.is_finite() && low < value && value < high {
        return Ok(value);
    }
    let what = format!("{name} is {value}, but must be a number in ({low}, {high})");
    Err(Refusal::parameter(
        name,
        what,
        "choose a value in that range",
    ))
}

/// A whole number within its range, both ends included.
fn whole(value: u32, name: &str, low: u32, high: u32) -> Result<usize, Refusal> {
    if (low..=high).contains(&value) {
        return Ok(value as usize);
    }
    let what = format!("{name} is {value}, but must be a whole number, between {low} and {high}");
    Err(Refusal::parameter(
        name,
        what,
        "choose a value in that range",
    ))
}

/// Refuses work that would not end within a lifetime, or not fit into memory.
fn affordable(size: u64, most: u64, what: &str) -> Result<(), Refusal> {
    if size <= most {
        return Ok(());
    }
    Err(Refusal::parameter(
        what,
        format!("{what}: {size} numbers would come out, but at most {most} are served"),
        "ask for less, or compute in process",
    ))
}

/// The rows of a table.
fn rows(table: &Table, field: &str) -> Result<usize, Refusal> {
    let (columns, numbers) = (table.names.len(), table.values.len());
    if columns == 0 {
        return Err(Refusal::data(
            field,
            "there is no column",
            "name every column",
        ));
    }
    if !numbers.is_multiple_of(columns) {
        let what = format!("{numbers} numbers are no rows of {columns}");
        return Err(Refusal::data(field, what, "pass as many in every row"));
    }
    Ok(numbers / columns)
}

/// A message as a matrix of the numbers crate.
fn matrix(message: &Matrix, field: &str) -> Result<linalg::Matrix, Refusal> {
    let (rows, columns) = (message.rows as usize, message.columns as usize);
    if rows.checked_mul(columns) != Some(message.values.len()) {
        let what = format!(
            "{} numbers are no {rows} rows of {columns}",
            message.values.len()
        );
        return Err(Refusal::data(
            field,
            what,
            "pass rows times columns numbers",
        ));
    }
    Ok(linalg::Matrix::from_rows(rows, columns, &message.values))
}

/// A matrix of the numbers crate as a message.
fn told(matrix: &linalg::Matrix) -> Matrix {
    flat(matrix.rows(), matrix.cols(), matrix.to_rows())
}

/// Numbers, row after row, as a message.
fn flat(rows: usize, columns: usize, values: Vec<f64>) -> Matrix {
    Matrix {
        rows: rows as u32,
        columns: columns as u32,
        values,
    }
}

/// Mean and standard deviation (ddof 1).
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}
