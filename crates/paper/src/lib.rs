//! The paper venue: a venue of our own behind a real dialect, on loopback.
