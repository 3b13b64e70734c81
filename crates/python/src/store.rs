//! The doors of a database that follows a session's tables.

use std::path::PathBuf;
use std::time::Duration;

use py_rt_live::store::changes::TABLES;
use py_rt_live::store::lease::Silence;
use py_rt_live::store::place::Place;
use py_rt_live::store::postgres::{Failure, Postgres};
use py_rt_live::store::replica::Replica;
use py_rt_live::{DatabaseConfig, LiveError, Secret};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::config::field;
use crate::error::FaceError;

fn refused(error: LiveError) -> PyErr {
    FaceError::live(error.code(), error.message())
}

/// Where a database is and what its lease means.
pub(crate) fn database(dict: &Bound<'_, PyDict>) -> PyResult<DatabaseConfig> {
    let password = field::<Option<String>>(dict, "password")?.map(Secret::new);
    let url: String = field(dict, "url")?;
    Ok(DatabaseConfig {
        place: Place::try_new(&url, password.as_ref()).map_err(refused)?,
        lease: Duration::from_nanos(field(dict, "lease_ns")?),
        silence: match field::<String>(dict, "without_lease")?.as_str() {
            "reduce_only" => Silence::ReduceOnly,
            _ => Silence::Trade,
        },
        take_over: field(dict, "take_over")?,
    })
}

/// Brings every row of a state directory's tables into a database.
#[pyfunction]
#[pyo3(name = "deliver_store")]
pub(crate) fn deliver<'py>(
    py: Python<'py>,
    state_dir: PathBuf,
    database: &Bound<'py, PyDict>,
    seconds: f64,
) -> PyResult<Bound<'py, PyDict>> {
    let place = self::database(database)?.place;
    let longest = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::ZERO);
    let lineage = std::fs::read_to_string(state_dir.join("lineage")).unwrap_or_default();
    let delivered = py.detach(|| -> Result<_, LiveError> {
        Ok(Replica::start(&state_dir, lineage.trim(), place, None)?.finish(longest))
    });
    let delivery = delivered.map_err(refused)?;
    let dict = PyDict::new(py);
    dict.set_item("delivered", delivery.delivered)?;
    dict.set_item("waiting", delivery.waiting)?;
    dict.set_item("error", delivery.error)?;
    Ok(dict)
}

/// The rows of one table of a database, values as text.
#[pyfunction]
#[pyo3(name = "read_store", signature = (database, table, lineage=None))]
pub(crate) fn read<'py>(
    py: Python<'py>,
    database: &Bound<'py, PyDict>,
    table: &str,
    lineage: Option<String>,
) -> PyResult<Bound<'py, PyList>> {
    let place = self::database(database)?.place;
    let Some(table) = TABLES.iter().find(|known| known.name == table) else {
        return Err(FaceError::config(
            "table",
            "is not known",
            "ask for orders, fills or positions",
        ));
    };
    let found = py.detach(|| -> Result<_, Failure> {
        Postgres::connect(&place)?.read(table, lineage.as_deref())
    });
    let rows = found.map_err(|failure| {
        let text = format!("{place} cannot be read: {}", failure.text());
        refused(LiveError::Connection(text))
    })?;
    let list = PyList::empty(py);
    for row in rows {
        let dict = PyDict::new(py);
        for ((name, _), value) in table.columns.iter().zip(row) {
            dict.set_item(name, value)?;
        }
        list.append(dict)?;
    }
    Ok(list)
}
