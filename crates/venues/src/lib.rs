//! Bytes to types and back, one folder a venue, sans-IO.
