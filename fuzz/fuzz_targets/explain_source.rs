//! cargo-fuzz's driver of the target `explain_source`.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| gosan_fuzz::run("explain_source", input));
