//! The options in the environment variable GORACE.
//!
//! An option that is not known is named in a warning and otherwise ignored.

use alloc::vec::Vec;
use gosan_wire::gorace;

/// What the user asked for; the defaults are Go's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Reports go to `log_path.PID`; `stdout` and `stderr` mean these.
    pub log_path: Vec<u8>,
    /// The exit code in place of 0 when something was reported.
    pub exitcode: i32,
    /// What comes before this in file names is left out.
    pub strip_path_prefix: Vec<u8>,
    /// Whether the program ends with the first report.
    pub halt_on_error: bool,
    /// How long the program may wait at its end, in milliseconds.
    pub atexit_sleep_ms: u64,
    /// A file with suppressions.
    pub suppressions: Vec<u8>,
    /// Whether a pair of stacks is reported once.
    pub suppress_equal_stacks: bool,
    /// Whether a word is reported once.
    pub suppress_equal_addresses: bool,
    /// After how many segments reclaim runs at the earliest; 0 for the usual
    /// number.  For tests of reclaim.
    pub reclaim_after: u32,
    /// Directories for records of races.
    pub record_path: Vec<Vec<u8>>,
    /// Files with the fingerprints of races that are known.
    pub baseline: Vec<Vec<u8>>,
    /// Whether races are printed.
    pub print: bool,
    /// Whether records say which locks were held.
    pub locks: bool,
    /// Whether records say where objects were allocated.
    pub allocs: bool,
    /// Names of options that are not known, and of those whose value is not.
    pub unknown: Vec<Vec<u8>>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            log_path: b"stderr".to_vec(),
            exitcode: 66,
            strip_path_prefix: Vec::new(),
            halt_on_error: false,
            atexit_sleep_ms: 1000,
            suppressions: Vec::new(),
            suppress_equal_stacks: true,
            suppress_equal_addresses: false,
            reclaim_after: 0,
            record_path: Vec::new(),
            baseline: Vec::new(),
            print: true,
            locks: false,
            allocs: false,
            unknown: Vec::new(),
        }
    }
}

impl Options {
    /// Reads the value of GORACE.
    pub fn parse(text: &[u8]) -> Options {
        let mut options = Options::default();
        options.add(text);
        options
    }

    /// Reads more options, which take the place of earlier ones.
    pub fn add(&mut self, text: &[u8]) {
        for (name, value) in gorace::options(text) {
            if !self.set(name, value) {
                self.unknown.push(name.to_vec());
            }
        }
    }

    fn set(&mut self, name: &[u8], value: &[u8]) -> bool {
        match name {
            b"log_path" => self.log_path = value.to_vec(),
            b"strip_path_prefix" => self.strip_path_prefix = value.to_vec(),
            b"record_path" => self.record_path.push(value.to_vec()),
            b"baseline" => self.baseline.push(value.to_vec()),
            b"print" => return flag(value, &mut self.print),
            b"locks" => return flag(value, &mut self.locks),
            b"allocs" => return flag(value, &mut self.allocs),
            b"suppressions" => self.suppressions = value.to_vec(),
            b"exitcode" => return number(value).map(|n| self.exitcode = n as i32).is_some(),
            b"atexit_sleep_ms" => {
                return number(value)
                    .map(|n| self.atexit_sleep_ms = n.max(0) as u64)
                    .is_some();
            }
            b"reclaim_after" => {
                return number(value)
                    .and_then(|n| u32::try_from(n).ok())
                    .map(|n| self.reclaim_after = n)
                    .is_some();
            }
            // Nothing here depends on a history, of whatever size.
            b"history_size" => return number(value).is_some(),
            b"halt_on_error" => return flag(value, &mut self.halt_on_error),
            b"suppress_equal_stacks" => return flag(value, &mut self.suppress_equal_stacks),
            b"suppress_equal_addresses" => return flag(value, &mut self.suppress_equal_addresses),
            _ => return false,
        }
        true
    }
}

fn number(value: &[u8]) -> Option<i64> {
    core::str::from_utf8(value).ok()?.parse().ok()
}

fn flag(value: &[u8], to: &mut bool) -> bool {
    match value {
        b"1" | b"yes" | b"true" => *to = true,
        b"0" | b"no" | b"false" => *to = false,
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read() {
        let options = Options::parse(
            b"log_path=/tmp/race exitcode=3,halt_on_error=1:atexit_sleep_ms=0 history_size=7",
        );
        assert_eq!(options.log_path, b"/tmp/race");
        assert_eq!(options.exitcode, 3);
        assert!(options.halt_on_error);
        assert_eq!(options.atexit_sleep_ms, 0);
        assert!(options.unknown.is_empty());
    }

    #[test]
    fn later_options_take_the_place_of_earlier_ones() {
        let mut options = Options::parse(b"print=0 exitcode=3 record_path=/a");
        options.add(b"exitcode=4 record_path=/b");
        assert_eq!((options.exitcode, options.print), (4, false));
        assert_eq!(options.record_path, [b"/a", b"/b"]);
    }

    #[test]
    fn quotes_keep_separators() {
        let options = Options::parse(b"strip_path_prefix=\"/a b:c/\" exitcode=1");
        assert_eq!(options.strip_path_prefix, b"/a b:c/");
        assert_eq!(options.exitcode, 1);
    }

    #[test]
    fn what_is_not_known_is_named() {
        let options = Options::parse(b"exitcode=many nonsense=1 bare");
        let names: Vec<&[u8]> = options.unknown.iter().map(Vec::as_slice).collect();
        assert_eq!(names, [&b"exitcode"[..], b"nonsense", b"bare"]);
        assert_eq!(
            Options {
                unknown: Vec::new(),
                ..options
            },
            Options::default()
        );
    }
}
