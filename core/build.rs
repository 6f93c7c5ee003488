//! What Python's own symbols are is known when it loads the library: macOS' linker has to be told, others take it so.

fn main() {
    if std::env::var("CARGO_CFG_TARGET_OS").map_or(false, |system| system == "macos") {
        println!("cargo:rustc-cdylib-link-arg=-undefined");
        println!("cargo:rustc-cdylib-link-arg=dynamic_lookup");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
