//! Runs one program and tells what it took: `measure OUTPUT PROGRAM ARGUMENTS`.
//!
//! The kernel counts for each child, but the memory of the process that starts
//! a program counts as the program's too, up to the moment at which the program
//! itself begins.  So `cargo xtask bench` starts this, which is smaller than any
//! Go program.
//!
//! The program's standard output goes to the file OUTPUT.  The last line here is
//! seconds on the clock, seconds of processor time, and the peak in KiB.

use std::env;
use std::fs::File;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let (Some(output), Some(program)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: measure OUTPUT PROGRAM ARGUMENTS");
        return ExitCode::from(2);
    };
    let output = match File::create(&output) {
        Ok(file) => file,
        Err(error) => {
            eprintln!("cannot write {}: {error}", output.display());
            return ExitCode::from(2);
        }
    };
    let mut command = Command::new(&program);
    command.args(arguments).stdin(Stdio::null()).stdout(output);
    let started = Instant::now();
    let status = match command.status() {
        Ok(status) => status,
        Err(error) => {
            eprintln!("cannot start {}: {error}", program.display());
            return ExitCode::from(2);
        }
    };
    let wall = started.elapsed().as_secs_f64();
    let used = match getrusage(UsageWho::RUSAGE_CHILDREN) {
        Ok(used) => used,
        Err(error) => {
            eprintln!("the kernel does not say what the program used: {error}");
            return ExitCode::from(2);
        }
    };
    let processor = seconds(used.user_time()) + seconds(used.system_time());
    println!("{wall} {processor} {}", used.max_rss());
    if status.success() {
        return ExitCode::SUCCESS;
    }
    eprintln!("{}: {status}", program.display());
    ExitCode::FAILURE
}

fn seconds(time: TimeVal) -> f64 {
    time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6
}
