//! What makes two races the same: the *fingerprint*, the same for a race in
//! every run, on every machine, whichever of its sides came first, and however
//! far its lines have moved.
//!
//! It is made of the kind of the race and, for each side, of the name of the
//! function of the user's whose code does the access: the innermost frame that
//! is not of Go's standard library.  Where that function does it through the
//! standard library, the library's function that it calls is added, so that
//! `buf.Write` and `buf.Reset` are different sides.  Go's own `runtime` does
//! not count as a callee: `m[k]++` is a read and a write of the map by one
//! line, and which of the two races first is chance.  For the same reason it
//! does not matter whether a side read or wrote.
//!
//! That leaves out what changes without the race changing: lines, offsets,
//! addresses, numbers of goroutines, paths of files, the way by which a
//! function was reached, and from which test.  Uber's race tracker hashes
//! function names without lines, in either order, for the same reasons
//! (Chabbi and Ramanathan, *A Study of Real-World Data Races in Golang*, PLDI
//! 2022); it takes the whole stacks, which makes one race as many as there are
//! ways to it.
//!
//! # What it cannot tell apart
//!
//! Two races between the same two functions, on two variables: they have one
//! fingerprint.  Both are recorded and told with their own lines; a baseline
//! that has one has both.  A function that is renamed, and a closure before
//! which another is written, get new fingerprints.

use crate::owner::is_standard;
use crate::record::Kind;
use core::fmt;
use core::str::FromStr;

/// Packages whose functions stand for an operation of the language.
const LANGUAGE: [&[u8]; 4] = [
    b"runtime.",
    b"internal/runtime/",
    b"sync/atomic.",
    b"internal/race.",
];

/// A race's fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of a race between two stacks, given by the names of their
    /// functions, innermost first.
    pub fn of<'a>(
        kind: Kind,
        one: impl Iterator<Item = &'a [u8]> + Clone,
        other: impl Iterator<Item = &'a [u8]> + Clone,
    ) -> Fingerprint {
        let mut hash = Fnv::new();
        hash.text(kind.name().as_bytes());
        for (function, callee) in sides(one, other) {
            hash.text(function);
            hash.text(callee);
        }
        Fingerprint(hash.0)
    }
}

/// What a fingerprint says of the two sides of a race: the function of each,
/// and the library's function through which it does its access, or nothing.
pub fn sides<'a>(
    one: impl Iterator<Item = &'a [u8]> + Clone,
    other: impl Iterator<Item = &'a [u8]> + Clone,
) -> [(&'a [u8], &'a [u8]); 2] {
    let mut sides = [side(one), side(other)];
    sides.sort_unstable();
    sides
}

/// The function that does an access, and the library's function through which
/// it does it, or nothing.
fn side<'a>(stack: impl Iterator<Item = &'a [u8]> + Clone) -> (&'a [u8], &'a [u8]) {
    let mut callee = None;
    for function in stack.clone() {
        if !is_standard(function) {
            return (function, callee.unwrap_or_default());
        }
        callee = Some(if is_language(function) {
            Default::default()
        } else {
            function
        });
    }
    // The library by itself: its tests, or a goroutine that it started.
    let own = stack.clone().find(|function| !is_language(function));
    let innermost = own.or_else(|| stack.clone().next());
    (innermost.unwrap_or_default(), Default::default())
}

fn is_language(function: &[u8]) -> bool {
    LANGUAGE.iter().any(|package| function.starts_with(package))
}

/// FNV-1a with 64 bits: stable, small, and good enough for names.
struct Fnv(u64);

impl Fnv {
    fn new() -> Fnv {
        Fnv(0xcbf2_9ce4_8422_2325)
    }

    /// Adds a text and its end.
    fn text(&mut self, text: &[u8]) {
        for byte in text.iter().chain(&[0]) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// A text that is not 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAFingerprint;

impl fmt::Display for NotAFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a fingerprint, which has 16 hexadecimal digits")
    }
}

impl core::error::Error for NotAFingerprint {}

impl FromStr for Fingerprint {
    type Err = NotAFingerprint;

    fn from_str(text: &str) -> Result<Fingerprint, NotAFingerprint> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits
            .then(|| u64::from_str_radix(text, 16).ok())
            .flatten()
            .map(Fingerprint)
            .ok_or(NotAFingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn of(kind: Kind, one: &[&str], other: &[&str]) -> Fingerprint {
        Fingerprint::of(
            kind,
            one.iter().map(|name| name.as_bytes()),
            other.iter().map(|name| name.as_bytes()),
        )
    }

    #[test]
    fn sides_may_be_swapped_and_reached_by_any_way() {
        let a = ["m.f", "m.caller"];
        let b = ["runtime.mapassign_faststr", "m.g", "m.TestA"];
        let one = of(Kind::Map, &a, &b);
        assert_eq!(one, of(Kind::Map, &b, &a));
        assert_eq!(
            one,
            of(
                Kind::Map,
                &["m.f"],
                &["runtime.mapaccess1", "m.g", "m.TestB"]
            )
        );
        assert_ne!(one, of(Kind::Data, &a, &b));
        assert_ne!(one, of(Kind::Map, &["m.f"], &["m.f"]));
    }

    #[test]
    fn the_librarys_function_that_is_called_tells_sides_apart() {
        let write = ["bytes.(*Buffer).grow", "bytes.(*Buffer).Write", "m.f"];
        let also = ["bytes.(*Buffer).Write", "m.f"];
        let reset = ["bytes.(*Buffer).Reset", "m.f"];
        assert_eq!(
            of(Kind::Data, &write, &write),
            of(Kind::Data, &also, &write)
        );
        assert_ne!(
            of(Kind::Data, &write, &write),
            of(Kind::Data, &write, &reset)
        );
    }

    #[test]
    fn the_library_alone_has_its_innermost_function() {
        let serve = [
            "runtime.mapassign",
            "net/http.(*conn).serve",
            "net/http.(*Server).Serve",
        ];
        let other = ["net/http.(*conn).serve"];
        assert_eq!(of(Kind::Map, &serve, &other), of(Kind::Map, &other, &other));
    }

    #[test]
    fn it_is_written_and_read() {
        let one = of(Kind::Data, &["m.f"], &["m.g"]);
        assert_eq!(one.to_string().parse(), Ok(one));
        assert_eq!("12".parse::<Fingerprint>(), Err(NotAFingerprint));
        assert_eq!(
            "+123456789abcdef".parse::<Fingerprint>(),
            Err(NotAFingerprint)
        );
    }

    /// Baselines that are in use rest on it.
    #[test]
    fn it_does_not_change_between_versions() {
        let one = of(Kind::Map, &["m.f"], &["runtime.mapassign", "m.g"]);
        assert_eq!(one.to_string(), "08798ab690d93ec6");
    }
}
