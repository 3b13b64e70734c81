//! Doors of `py_rt_quant::sampling` and `py_rt_quant::optimise`: functions of the caller, called
//! with the interpreter held; an exception of theirs ends the run and comes out as it is.

use numpy::{PyArray1, PyArray2, PyArrayMethods};
use py_rt_quant::optimise::{self, SearchPlan, Strategy};
use py_rt_quant::sampling::{self, Density, Method, SamplePlan};
use py_rt_quant::QuantError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use super::{values, Column};
use crate::config::field;
use crate::error;

/// A function of the caller: a vector in, a number out.
struct Function<'py> {
    function: Bound<'py, PyAny>,
    raised: Option<PyErr>,
}

impl<'py> Function<'py> {
    fn new(function: Bound<'py, PyAny>) -> Self {
        Self {
            function,
            raised: None,
        }
    }

    fn array(&self, x: &[f64]) -> Bound<'py, PyArray1<f64>> {
        PyArray1::from_slice(self.function.py(), x)
    }

    fn number(&mut self, x: &[f64]) -> Result<f64, QuantError> {
        let py = self.function.py();
        let told = py.check_signals().and_then(|()| {
            let value = self.function.call1((self.array(x),))?;
            value
                .extract::<f64>()
                .or_else(|_| value.call_method0("item")?.extract())
        });
        told.map_err(|error| {
            self.raised = Some(error);
            QuantError::Interrupted
        })
    }

    /// What ended the run: the caller's exception, or the kernel's.
    fn ended(&mut self, error: QuantError) -> PyErr {
        match self.raised.take() {
            Some(raised) => raised,
            None => error::quant(self.function.py(), error),
        }
    }
}

/// A log density of the caller, with or without its gradient.
struct Callers<'py> {
    density: Function<'py>,
    gradient: Option<Bound<'py, PyAny>>,
}

impl Density for Callers<'_> {
    fn log_density(&mut self, x: &[f64]) -> Result<f64, QuantError> {
        self.density.number(x)
    }

    fn gradient(&mut self, x: &[f64], out: &mut [f64]) -> Result<(), QuantError> {
        let Some(gradient) = &self.gradient else {
            return differences(self, x, out);
        };
        let told = gradient
            .call1((self.density.array(x),))
            .and_then(|value| value.extract::<Vec<f64>>());
        match told {
            Ok(values) if values.len() == out.len() => {
                out.copy_from_slice(&values);
                Ok(())
            }
            Ok(values) => {
                let problem = format!("returns {} numbers for {}", values.len(), out.len());
                let remedy = "return one derivative a coordinate";
                Err(QuantError::parameter("grad", problem, remedy))
            }
            Err(error) => {
                self.density.raised = Some(error);
                Err(QuantError::Interrupted)
            }
        }
    }
}

/// The differences of the trait, for a density whose gradient is not given.
fn differences(callers: &mut Callers<'_>, x: &[f64], out: &mut [f64]) -> Result<(), QuantError> {
    struct Plain<'a, 'py>(&'a mut Function<'py>);
    impl Density for Plain<'_, '_> {
        fn log_density(&mut self, x: &[f64]) -> Result<f64, QuantError> {
            self.0.number(x)
        }
    }
    Plain(&mut callers.density).gradient(x, out)
}

/// Runs one chain: draws (n, d), acceptance, divergences.
#[pyfunction]
pub(crate) fn mcmc_chain<'py>(
    py: Python<'py>,
    density: Bound<'py, PyAny>,
    gradient: Option<Bound<'py, PyAny>>,
    start: Column<'py>,
    plan: &Bound<'py, PyDict>,
    chain: usize,
) -> PyResult<(Bound<'py, PyArray2<f64>>, f64, usize)> {
    let name: String = field(plan, "method")?;
    let plan = SamplePlan {
        method: match name.as_str() {
            "rwm" => Method::Walk,
            "nuts" => Method::Nuts,
            _ => Method::Adaptive,
        },
        draws: field(plan, "draws")?,
        burn_in: field(plan, "burn_in")?,
        seed: field(plan, "seed")?,
        scale: field(plan, "scale")?,
    };
    let start = values(&start)?.to_vec();
    let mut callers = Callers {
        density: Function::new(density),
        gradient,
    };
    let found = sampling::sample(&mut callers, &start, &plan, chain)
        .map_err(|error| callers.density.ended(error))?;
    let draws = PyArray1::from_vec(py, found.draws).reshape([plan.draws, start.len()])?;
    Ok((draws, found.acceptance, found.divergences))
}

/// R-hat, bulk and tail effective sample size, error of the mean, of chains of one parameter.
#[pyfunction]
pub(crate) fn diagnose(py: Python<'_>, chains: Vec<Vec<f64>>) -> (f64, f64, f64, f64) {
    let found = py.detach(|| sampling::diagnostics::diagnose(&chains));
    (found.rhat, found.ess_bulk, found.ess_tail, found.mcse)
}

/// Minimises a function of the caller between bounds.
#[pyfunction]
pub(crate) fn minimise<'py>(
    py: Python<'py>,
    function: Bound<'py, PyAny>,
    plan: &Bound<'py, PyDict>,
) -> PyResult<Bound<'py, PyDict>> {
    let name: String = field(plan, "strategy")?;
    let factors = (field(plan, "weight")?, field(plan, "cross")?);
    let plan = SearchPlan {
        bounds: field(plan, "bounds")?,
        population: field(plan, "population")?,
        generations: field(plan, "generations")?,
        evaluations: field(plan, "evaluations")?,
        tol: field(plan, "tol")?,
        seed: field(plan, "seed")?,
    };
    let mut function = Function::new(function);
    let mut objective = |x: &[f64]| function.number(x);
    let found = match name.as_str() {
        "genetic" => optimise::genetic(&mut objective, &plan),
        other => {
            let strategy = match other {
                "best1bin" => Strategy::Best1Bin,
                "rand1bin" => Strategy::Rand1Bin,
                _ => Strategy::LShade,
            };
            optimise::differential_evolution(&mut objective, &plan, strategy, factors)
        }
    };
    let found = found.map_err(|error| function.ended(error))?;
    let fields = PyDict::new(py);
    fields.set_item("x", PyArray1::from_vec(py, found.x))?;
    fields.set_item("fun", found.value)?;
    fields.set_item("evaluations", found.evaluations)?;
    fields.set_item("iterations", found.iterations)?;
    fields.set_item("converged", found.converged)?;
    fields.set_item("residual", found.residual)?;
    fields.set_item("history", PyArray1::from_vec(py, found.history))?;
    Ok(fields)
}
