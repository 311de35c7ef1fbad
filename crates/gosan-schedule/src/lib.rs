//! Finds races that need luck, by running a test program many times, each time
//! under another schedule. See docs/design/schedules.md.
//!
//! 1. [`program`] records a test program when `go test` starts it, so that it
//!    can be run again without building it;
//! 2. [`strategy`] is the table of ways to disturb a program, [`seed`] names one
//!    of them with all that makes its choices, [`spec`] is how that reaches the
//!    hooks in Go's runtime;
//! 3. [`run`] runs a program once, [`watch`] ends it where it hangs; [`log`] and [`race`]
//!    read what came of it;
//! 4. [`chooser`] gives runs to the strategies that earn them; [`turns`], [`places`] and
//!    [`meetings`] are what a [`group`] of tests has shown, and choose what is tried next;
//! 5. [`campaign`] goes on until the runs or the time are used up, or nothing
//!    new comes; [`again`] measures how surely each race is found again.

pub mod again;
pub mod campaign;
pub mod chooser;
pub mod group;
pub mod log;
pub mod meetings;
pub mod orders;
pub mod places;
pub mod program;
pub mod race;
pub mod run;
pub mod seed;
pub mod spec;
pub mod strategy;
pub mod turns;
pub mod watch;
