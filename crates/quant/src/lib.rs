//! Numbers from numbers: streaming indicators.
