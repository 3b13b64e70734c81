//! Zstandard files, unpacked in pieces.

use std::fs::File;
use std::io::{BufReader, Read};

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

type Unpacked = StreamingDecoder<BufReader<File>, FrameDecoder>;

/// A file that is read from its start to its end; frames one behind the other are one stream.
#[pyclass(module = "py_rt._core.formats")]
pub(crate) struct ZstdReader {
    stream: Option<Unpacked>,
}

#[pymethods]
impl ZstdReader {
    #[new]
    fn new(path: std::path::PathBuf) -> PyResult<Self> {
        let file = BufReader::new(File::open(path)?);
        let stream = StreamingDecoder::new(file).map_err(broken)?;
        Ok(Self {
            stream: Some(stream),
        })
    }

    /// At most `size` bytes, none at the end.
    fn read<'py>(&mut self, py: Python<'py>, size: usize) -> PyResult<Bound<'py, PyBytes>> {
        let block = py.detach(|| self.block(size))?;
        Ok(PyBytes::new(py, &block))
    }
}

fn broken(error: impl std::fmt::Display) -> PyErr {
    PyOSError::new_err(format!("zstandard: {error}"))
}

impl ZstdReader {
    fn block(&mut self, size: usize) -> PyResult<Vec<u8>> {
        let mut block = vec![0; size];
        while let Some(mut stream) = self.stream.take() {
            let read = stream.read(&mut block).map_err(broken)?;
            if read > 0 {
                block.truncate(read);
                self.stream = Some(stream);
                return Ok(block);
            }
            let mut file = stream.into_inner();
            if std::io::BufRead::fill_buf(&mut file)?.is_empty() {
                break;
            }
            self.stream = Some(StreamingDecoder::new(file).map_err(broken)?);
        }
        Ok(Vec::new())
    }
}
