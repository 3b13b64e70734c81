//! The generated messages and the service's face; see `proto/py_rt/v1`.
#![allow(missing_docs, unreachable_pub, clippy::all, clippy::disallowed_types)]

include!(concat!(env!("OUT_DIR"), "/py_rt.v1.rs"));

/// All definitions, as a serialised `google.protobuf.FileDescriptorSet`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/py_rt.v1.bin"));
