//! The C boundary: the only file with `unsafe` in it.

/// Counts the changes of this boundary; the loader asks for the one it knows.
pub const ABI: u32 = 1;

/// The boundary's number.
#[no_mangle]
pub extern "C" fn secretrun_core_abi() -> u32 {
    ABI
}

/// The crate's version: static, NUL-terminated.
#[no_mangle]
pub extern "C" fn secretrun_core_version() -> *const u8 {
    concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr()
}
