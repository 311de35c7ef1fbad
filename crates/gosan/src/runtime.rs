//! The runtime object that this gosan carries.

use gosan_go::Runtime;

/// The object, and how to find it in a program.
pub fn embedded() -> Runtime<'static> {
    Runtime {
        object: gosan_object::OBJECT,
        marker: gosan_object::MARKER.as_bytes(),
    }
}
