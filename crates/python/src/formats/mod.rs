//! Doors of the decoders of recorded files: bytes in, structured arrays out.

mod recording;

pub(crate) use recording::{recognise_recording, PyRecording};
