//! The compiled body of the redactor: the same answers as `secretrun/redact/engine`, faster.
//!
//! Bytes in, bytes out. It knows patterns and their places, never secrets, names or masks.
#![deny(unsafe_op_in_unsafe_fn)]

mod anchors;
mod bare;
mod base64_edge;
mod beginning;
mod beside;
mod blocks;
#[cfg(all(feature = "module", not(test)))]
mod boundary;
mod carried;
mod class;
mod classes;
mod controls;
mod ellipsis;
mod ends;
mod find;
mod grams;
mod group;
mod heads;
mod hit;
mod keys;
mod last_bytes;
mod last_waiting;
mod margins;
pub mod matcher;
#[cfg(all(feature = "module", not(test)))]
mod memory;
#[cfg(all(feature = "module", not(test)))]
mod module;
mod needles;
mod occurrence;
pub mod output;
mod parts;
pub mod pattern;
pub mod patterns;
mod public_head;
#[cfg(all(feature = "module", not(test)))]
mod python;
mod reading;
mod screen;
mod search;
mod sieve;
pub mod table;
mod tail;
#[cfg(target_arch = "x86_64")]
mod vectors;
mod wipe;
pub mod words;
mod wraps;
