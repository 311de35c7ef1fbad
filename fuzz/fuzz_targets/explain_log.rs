//! Any bytes are a log: all parsers, the wrappers, the diagnoses, both forms.
//! `crates/gosan-explain/tests/fuzz.rs` drives the same with a stable compiler.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|log: &[u8]| {
    let sources = gosan_explain::Sources::none();
    if let Ok(explanation) = gosan_explain::explain(log, &sources, |_| {}) {
        gosan_explain::render::text::render(&explanation, &sources, false);
        gosan_explain::render::json::render(&explanation);
    }
});
