//! Signals while gosan waits for `go`.
//!
//! Ctrl-C reaches `go` and the user's program from the terminal, which sends it
//! to the whole process group. gosan must then outlive them, to end with their
//! exit code; signals that are sent to gosan alone it has to pass on.

use std::fs;
use std::io;
use std::process::{Child, Command, ExitStatus};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

/// Runs the command to its end. Signals are cared for from before its start.
pub fn run(command: &mut Command) -> io::Result<ExitStatus> {
    run_with(command, |_| ())
}

/// The same, and does something with the child, such as reading what it prints.
pub fn run_with(
    command: &mut Command,
    meanwhile: impl FnOnce(&mut Child),
) -> io::Result<ExitStatus> {
    let mut signals = Signals::new(not_ignored([SIGINT, SIGQUIT, SIGTERM, SIGHUP]))?;
    let handle = signals.handle();
    let mut child = command.spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let forwarder = thread::spawn(move || {
        for signal in &mut signals {
            let signal = match signal {
                SIGTERM => Signal::TERM,
                SIGHUP => Signal::HUP,
                // The terminal has told the child already.
                _ => continue,
            };
            if let Some(pid) = pid {
                // It may have ended a moment ago.
                let _ = kill_process(pid, signal);
            }
        }
    });
    meanwhile(&mut child);
    let status = child.wait();
    handle.close();
    // The thread only ends when told so, and does nothing that can panic.
    let _ = forwarder.join();
    status
}

/// Leaves out the signals that gosan was started to ignore, as under `nohup`:
/// the child inherits that only if gosan does not catch them.
fn not_ignored<const N: usize>(signals: [i32; N]) -> Vec<i32> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0);
    let mut signals = signals.to_vec();
    signals.retain(|signal| ignored & (1 << (signal - 1)) == 0);
    signals
}
