//! Inputs as bytes and back: the record format of the journal.
