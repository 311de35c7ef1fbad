//! cargo-fuzz's driver of the target `records`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gosan_fuzz::run("records", input));
