//! Drives the kernel in real time: sockets, clock, journal, store.
