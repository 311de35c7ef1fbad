//! The exit codes of gosan itself. `gosan test`, `run` and `build` otherwise
//! end with the code that `go` ended with.

/// All went well.
pub const SUCCESS: u8 = 0;

/// gosan cannot work here, or what was built is not gosan's; also the code of
/// `gosan doctor` when it found something wrong.
pub const FAILURE: u8 = 1;

/// gosan's own arguments are wrong. `go` ends with the same code then.
pub const USAGE: u8 = 2;

/// Added to the number of the signal that ended `go`, as shells do.
pub const SIGNAL_BASE: i32 = 128;
