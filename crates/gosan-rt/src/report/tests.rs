//! The names of tests, as the patched package `testing` tells them.
//!
//! A goroutine belongs to the test that it runs, or else to that of its
//! creator; the numbers are kept with the goroutines ([`crate::ids`]).

use crate::ids::{self, Life};
use crate::lock::Lock;
use alloc::string::String;
use alloc::vec::Vec;

struct Names {
    /// The import path of the package under test.
    package: Option<String>,
    /// Test 1 is the first.
    tests: Vec<String>,
}

static NAMES: Lock<Names> = Lock::new(Names {
    package: None,
    tests: Vec::new(),
});

/// The program tests this package.
pub fn set_package(path: &[u8]) {
    NAMES.lock().package = Some(text(path));
}

/// The package under test.
pub fn package() -> Option<String> {
    NAMES.lock().package.clone()
}

/// From now on the goroutine runs this test, or none where the name is empty.
pub fn start(life: Life, name: &[u8]) {
    if name.is_empty() {
        return ids::set_test(life, 0);
    }
    let mut names = NAMES.lock();
    let current = ids::test_of(life).checked_sub(1);
    let known = current.and_then(|index| names.tests.get(index as usize));
    // A benchmark announces itself again for each number of iterations.
    if known.is_some_and(|known| known.as_bytes() == name) {
        return;
    }
    names.tests.push(text(name));
    ids::set_test(life, u32::try_from(names.tests.len()).unwrap_or(0));
}

/// The test that a goroutine belongs to.
pub fn of(life: Life) -> Option<String> {
    let index = ids::test_of(life).checked_sub(1)?;
    NAMES.lock().tests.get(index as usize).cloned()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
