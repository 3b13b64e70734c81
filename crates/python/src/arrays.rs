//! NumPy arrays to rows, without a copy.

use numpy::{PyArray1, PyArrayMethods, PyReadonlyArray1, PyUntypedArrayMethods};
use py_rt_types::{Bar, MarketEvent};
use pyo3::prelude::*;

use crate::error::FaceError;

/// Rows borrowed from a contiguous NumPy array of bytes.
pub(crate) struct Rows<'py> {
    bytes: PyReadonlyArray1<'py, u8>,
}

/// A value whose every bit pattern is valid and that has no padding.
///
/// # Safety
/// Implement it only for `repr(C)` structures of plain integers and floats without padding.
#[allow(unsafe_code)]
unsafe trait Plain: Copy {}

// SAFETY: 48 bytes of integers; sizes and offsets leave no padding (8+8+4+1+1+2+8+8+8).
#[allow(unsafe_code)]
unsafe impl Plain for MarketEvent {}
// SAFETY: 64 bytes of integers and one float without padding (8+8+4+4+8+8+8+8+8).
#[allow(unsafe_code)]
unsafe impl Plain for Bar {}

impl<'py> Rows<'py> {
    /// Borrows `array`, which the Python side hands over as a view of bytes.
    pub(crate) fn try_new(array: &Bound<'py, PyAny>) -> PyResult<Self> {
        let bytes = array.cast::<PyArray1<u8>>().map_err(|_| {
            FaceError::data(
                "events",
                "rows are not handed over as bytes",
                "use MarketData",
            )
        })?;
        if !bytes.is_c_contiguous() {
            return Err(FaceError::data(
                "events",
                "rows are not contiguous",
                "copy the array",
            ));
        }
        Ok(Self {
            bytes: bytes.readonly(),
        })
    }

    pub(crate) fn events(&self) -> PyResult<&[MarketEvent]> {
        self.rows("events")
    }

    pub(crate) fn bars(&self) -> PyResult<&[Bar]> {
        self.rows("bars")
    }

    fn rows<T: Plain>(&self, field: &str) -> PyResult<&[T]> {
        let bytes = self.bytes.as_slice()?;
        // SAFETY: every bit pattern of `T` is valid (see `Plain`), and `align_to` returns only the
        // aligned middle; a head or tail is refused below.
        #[allow(unsafe_code)]
        let (head, rows, tail) = unsafe { bytes.align_to::<T>() };
        if head.is_empty() && tail.is_empty() {
            return Ok(rows);
        }
        Err(FaceError::data(
            field,
            "rows are not aligned",
            "copy the array",
        ))
    }
}

/// The rows as a new array of bytes, which Python views as `EVENT_DTYPE`.
pub(crate) fn event_bytes<'py>(py: Python<'py>, rows: &[MarketEvent]) -> Bound<'py, PyArray1<u8>> {
    // SAFETY: `MarketEvent` is `Plain`: no padding, so every byte of the rows is initialised.
    #[allow(unsafe_code)]
    let bytes = unsafe {
        core::slice::from_raw_parts(rows.as_ptr().cast::<u8>(), core::mem::size_of_val(rows))
    };
    PyArray1::from_slice(py, bytes)
}

/// The rows as an array of bytes, without a copy: the array frees them.
pub(crate) fn into_event_bytes(
    py: Python<'_>,
    rows: Vec<MarketEvent>,
) -> PyResult<Bound<'_, PyArray1<u8>>> {
    const WORDS: usize = size_of::<MarketEvent>() / 8;
    const _: () = assert!(align_of::<MarketEvent>() == 8 && size_of::<MarketEvent>() % 8 == 0);
    let mut rows = core::mem::ManuallyDrop::new(rows);
    let (words, len, room) = (rows.as_mut_ptr().cast::<u64>(), rows.len(), rows.capacity());
    // SAFETY: the rows are given up here. `MarketEvent` is `Plain`, so as words they are whole and
    // initialised; both types have the same alignment and the same bytes, so the allocation is
    // one of `room * WORDS` words.
    #[allow(unsafe_code)]
    let words = unsafe { Vec::from_raw_parts(words, len * WORDS, room * WORDS) };
    let bytes = PyArray1::from_vec(py, words).call_method1("view", ("u1",))?;
    Ok(bytes.cast_into::<PyArray1<u8>>()?)
}
