//! The runtime object, ready to be put into a GOROOT as `race_linux.syso`.
//!
//! The build script compiles `gosan-rt` with a profile and a target directory
//! of its own (one unit, fat LTO, no unwinding), then localises and strips it.

/// The bytes of the relocatable ELF object for linux/amd64.
pub static OBJECT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/race_linux.syso"));

/// A text that every binary with this runtime holds.
pub const MARKER: &str = "gosan-race-runtime-object-v1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_is_elf_and_holds_the_marker() {
        assert!(OBJECT.starts_with(b"\x7fELF"));
        assert!(
            OBJECT
                .windows(MARKER.len())
                .any(|part| part == MARKER.as_bytes())
        );
    }
}
