//! Which operation of Go's runtime the innermost frame of an access is: that
//! is how a race on the inside of a map or on a channel is told from one on a
//! variable.
//!
//! The names are those of Go 1.24 to 1.27.  An unknown one makes a race one on
//! data, and never hides it.

use crate::record::{Kind, ObjectKind};

/// What the names of functions begin with, and what they work on.
const OPERATIONS: [(&str, ObjectKind); 11] = [
    ("internal/runtime/maps.", ObjectKind::Map),
    ("runtime.map", ObjectKind::Map),
    ("reflect.map", ObjectKind::Map),
    ("runtime.chan", ObjectKind::Channel),
    ("runtime.closechan", ObjectKind::Channel),
    ("runtime.makechan", ObjectKind::Channel),
    ("runtime.selectgo", ObjectKind::Channel),
    ("runtime.racenotify", ObjectKind::Channel),
    ("runtime.growslice", ObjectKind::Slice),
    ("runtime.slicecopy", ObjectKind::Slice),
    ("runtime.slicebytetostring", ObjectKind::Slice),
];

/// What the operation with this function's name works on.
pub fn of(function: &[u8]) -> Option<ObjectKind> {
    OPERATIONS
        .iter()
        .find(|(prefix, _)| function.starts_with(prefix.as_bytes()))
        .map(|(_, kind)| *kind)
}

/// The kind of a race between accesses with these innermost functions.
pub fn kind(innermost: [&[u8]; 2]) -> Kind {
    let on = |wanted| {
        innermost
            .iter()
            .any(|function| of(function) == Some(wanted))
    };
    if on(ObjectKind::Map) {
        Kind::Map
    } else if on(ObjectKind::Channel) {
        Kind::Channel
    } else {
        Kind::Data
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_told_from_accesses() {
        let kind = |one: &str, other: &str| kind([one.as_bytes(), other.as_bytes()]);
        assert_eq!(kind("main.f", "runtime.mapassign_faststr"), Kind::Map);
        assert_eq!(
            kind("internal/runtime/maps.(*Iter).Next", "main.f"),
            Kind::Map
        );
        assert_eq!(kind("runtime.closechan", "runtime.chansend"), Kind::Channel);
        assert_eq!(kind("runtime.growslice", "main.f"), Kind::Data);
        assert_eq!(kind("main.mapassign", "main.f"), Kind::Data);
        assert_eq!(of(b"runtime.growslice"), Some(ObjectKind::Slice));
    }
}
