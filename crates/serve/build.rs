//! Compiles the interface definitions, without any program from outside.
// Cargo speaks with a build script through its output and its environment.
#![allow(missing_docs, clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;

const FILES: [&str; 6] = [
    "py_rt/v1/backtest.proto",
    "py_rt/v1/market.proto",
    "py_rt/v1/portfolio.proto",
    "py_rt/v1/regimes.proto",
    "py_rt/v1/series.proto",
    "py_rt/v1/trading_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    let root = "../../proto";
    for file in FILES {
        println!("cargo:rerun-if-changed={root}/{file}");
    }
    let set = protox::compile(FILES, [root])?;
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("no OUT_DIR")?);
    // Without comments: what a client reflects on needs names and numbers only.
    let mut bare = set.clone();
    for file in &mut bare.file {
        file.source_code_info = None;
    }
    std::fs::write(
        out.join("py_rt.v1.bin"),
        prost::Message::encode_to_vec(&bare),
    )?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_transport(false)
        .compile_fds(set)?;
    Ok(())
}
