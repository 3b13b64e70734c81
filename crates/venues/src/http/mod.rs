//! HTTP/1.1 without sockets: requests out, responses in.
//!
//! Only what an API client needs: fixed-length, chunked and close-delimited bodies, keep-alive or
//! close. No redirects, no compression (none is asked for), no pipelining. Source: RFC 9112.

mod request;
mod response;

pub use request::{encode_query_value, BadHeader, Method, RequestEncoder};
pub use response::{Response, ResponseReader, BODY_MAX, HEAD_MAX};
