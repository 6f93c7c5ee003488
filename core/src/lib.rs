//! The compiled body of the redactor: the same answers as `secretrun/redact/engine`, faster.
//!
//! Bytes in, bytes out. It knows patterns and their places, never secrets, names or masks.
#![deny(unsafe_op_in_unsafe_fn)]

mod boundary;
