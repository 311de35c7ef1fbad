//! What the tests of this crate share.

use gosan_engine::record::Segment;
use gosan_engine::word_set::Order;
use std::sync::Once;

/// Reserves the address space once for all tests of the process.
pub fn reserve() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        assert!(crate::shadow::reserve());
        assert!(crate::boxes::reserve());
        assert!(crate::sets::reserve());
        assert!(crate::stacks::reserve());
        assert!(crate::racectx::reserve());
        assert!(crate::ids::reserve());
    });
}

/// A goroutine that knows nothing of anybody.
pub struct Unordered;

impl Order for Unordered {
    fn knows(&self, _: Segment) -> bool {
        false
    }

    fn is_own(&self, _: Segment) -> bool {
        false
    }

    fn has_ended(&self, _: Segment) -> bool {
        false
    }

    fn memory_is_short(&self) -> bool {
        false
    }
}
