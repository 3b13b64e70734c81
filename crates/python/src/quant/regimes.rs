//! Doors of `py_rt_quant::regimes`: a model travels as a dictionary of arrays.

use numpy::{PyArray1, PyArray2, PyArrayMethods};
use py_rt_quant::regimes::{self, FitPlan, Hmm, HmmStream, Sample, StartLaw};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::detached;
use super::Table;
use crate::config::field;
use crate::error::{self, FaceError};

type Laws<'py> = Bound<'py, PyArray2<f64>>;

fn sample(py: Python<'_>, x: &Table<'_>, lengths: Vec<usize>) -> PyResult<Sample> {
    use numpy::PyUntypedArrayMethods;
    let dims = x.shape()[1];
    let values = x
        .as_slice()
        .map_err(|_| FaceError::data("x", "array is not contiguous", "copy the array"))?
        .to_vec();
    detached(py, None, 0, move |_| Sample::try_new(values, dims, lengths))
}

fn model(py: Python<'_>, fields: &Bound<'_, PyDict>) -> PyResult<Hmm> {
    let model = Hmm {
        states: field(fields, "states")?,
        dims: field(fields, "dims")?,
        start: field(fields, "start")?,
        transitions: field(fields, "transitions")?,
        means: field(fields, "means")?,
        variances: field(fields, "variances")?,
    };
    detached(py, None, 0, move |_| model.checked())
}

fn laws<'py>(py: Python<'py>, values: Vec<f64>, states: usize) -> PyResult<Laws<'py>> {
    let rows = values.len() / states;
    PyArray1::from_vec(py, values).reshape([rows, states])
}

/// Fits a hidden Markov model.
#[pyfunction]
#[pyo3(signature = (x, lengths, plan, warm=None, progress=None))]
pub(crate) fn hmm_fit<'py>(
    py: Python<'py>,
    x: Table<'py>,
    lengths: Vec<usize>,
    plan: &Bound<'py, PyDict>,
    warm: Option<Bound<'py, PyDict>>,
    progress: Option<Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let sample = sample(py, &x, lengths)?;
    let stationary: bool = field(plan, "stationary")?;
    let plan = FitPlan {
        states: field(plan, "states")?,
        restarts: field(plan, "restarts")?,
        max_iter: field(plan, "max_iter")?,
        tol: field(plan, "tol")?,
        seed: field(plan, "seed")?,
        start: if stationary {
            StartLaw::Stationary
        } else {
            StartLaw::Free
        },
        one_variance: field(plan, "one_variance")?,
        threads: field(plan, "threads")?,
    };
    let from = warm.map(|fields| model(py, &fields)).transpose()?;
    let load = sample.values().len();
    let found = detached(py, progress, load, move |watch| {
        regimes::fit(&sample, plan, from, watch)
    })?;
    let fields = PyDict::new(py);
    fields.set_item("start", PyArray1::from_vec(py, found.model.start))?;
    fields.set_item(
        "transitions",
        PyArray1::from_vec(py, found.model.transitions),
    )?;
    fields.set_item("means", PyArray1::from_vec(py, found.model.means))?;
    fields.set_item("variances", PyArray1::from_vec(py, found.model.variances))?;
    fields.set_item("loglik", found.loglik)?;
    fields.set_item("converged", found.converged)?;
    fields.set_item("iterations", found.iterations)?;
    fields.set_item("residual", found.residual)?;
    fields.set_item("collapsed", found.collapsed)?;
    fields.set_item("ends", PyArray1::from_vec(py, found.ends))?;
    Ok(fields)
}

/// Filtered probabilities and the log likelihood.
#[pyfunction]
pub(crate) fn hmm_filter<'py>(
    py: Python<'py>,
    fields: &Bound<'py, PyDict>,
    x: Table<'py>,
    lengths: Vec<usize>,
) -> PyResult<(Laws<'py>, f64)> {
    let (model, sample) = (model(py, fields)?, sample(py, &x, lengths)?);
    let (load, states) = (sample.values().len(), model.states);
    let (values, loglik) = detached(py, None, load, move |_| model.filter(&sample))?;
    Ok((laws(py, values, states)?, loglik))
}

/// Smoothed probabilities.
#[pyfunction]
pub(crate) fn hmm_smooth<'py>(
    py: Python<'py>,
    fields: &Bound<'py, PyDict>,
    x: Table<'py>,
    lengths: Vec<usize>,
) -> PyResult<Laws<'py>> {
    let (model, sample) = (model(py, fields)?, sample(py, &x, lengths)?);
    let (load, states) = (sample.values().len(), model.states);
    let values = detached(py, None, load, move |_| model.smooth(&sample))?;
    laws(py, values, states)
}

/// The most likely path and its log probability.
#[pyfunction]
pub(crate) fn hmm_viterbi<'py>(
    py: Python<'py>,
    fields: &Bound<'py, PyDict>,
    x: Table<'py>,
    lengths: Vec<usize>,
) -> PyResult<(Bound<'py, PyArray1<i64>>, f64)> {
    let (model, sample) = (model(py, fields)?, sample(py, &x, lengths)?);
    let load = sample.values().len();
    let (path, loglik) = detached(py, None, load, move |_| model.viterbi(&sample))?;
    Ok((
        PyArray1::from_iter(py, path.into_iter().map(i64::from)),
        loglik,
    ))
}

/// State probabilities, mean and variance some steps ahead.
#[pyfunction]
pub(crate) fn hmm_forecast(
    py: Python<'_>,
    fields: &Bound<'_, PyDict>,
    x: Table<'_>,
    lengths: Vec<usize>,
    steps: usize,
) -> PyResult<(Vec<f64>, Vec<f64>, Vec<f64>)> {
    let (model, sample) = (model(py, fields)?, sample(py, &x, lengths)?);
    let load = sample.values().len();
    let found = detached(py, None, load, move |_| model.forecast(&sample, steps))?;
    Ok((found.probabilities, found.mean, found.variance))
}

/// The law that a transition matrix leaves as it is.
#[pyfunction]
pub(crate) fn stationary_law(transitions: Vec<f64>, states: usize) -> Vec<f64> {
    regimes::stationary_law(&transitions, states)
}

/// The filter of a model, one observation at a time.
#[pyclass(module = "py_rt._core.quant")]
pub(crate) struct HmmFilter {
    inner: HmmStream,
}

#[pymethods]
impl HmmFilter {
    #[new]
    fn new(py: Python<'_>, fields: &Bound<'_, PyDict>) -> PyResult<Self> {
        let inner = HmmStream::try_new(model(py, fields)?);
        Ok(Self {
            inner: inner.map_err(|e| error::quant(py, e))?,
        })
    }

    /// Takes a row in and returns the law of the state.
    fn update(&mut self, py: Python<'_>, x: Vec<f64>) -> PyResult<Vec<f64>> {
        self.inner.update(&x).map_err(|e| error::quant(py, e))
    }

    /// The law of the next state.
    fn expected(&self) -> Vec<f64> {
        self.inner.expected()
    }
}
