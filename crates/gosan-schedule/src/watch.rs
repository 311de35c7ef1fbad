//! Waits for the end of a program, and brings it about when the program hangs.
//!
//! Tests that wait for each other for ever take no processor time; those that look again
//! and again for what never comes take some. So a program hangs when it does nothing for
//! too long, or when no test of it has begun or ended for too long. It is asked for its
//! stacks then, as Go's users do, with SIGQUIT.

use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use wait_timeout::ChildExt;

use crate::run::Ending;

/// How long a program may take to print its stacks.
const FOR_STACKS: Duration = Duration::from_secs(10);

/// How often a wait looks whether it shall go on.
const LOOK: Duration = Duration::from_millis(50);

/// Ticks of processor time that a program takes in which nothing goes on: these at once,
/// and these in a second, as Go's runtime looks around.
const NO_WORK: u64 = 2;
const NO_WORK_PER_SECOND: u64 = 2;

/// What a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// How long the run may take by Go's own timeout; `None` is without end.
    pub limit: Option<Duration>,
    /// How long it may do nothing at all.
    pub idle: Duration,
    /// How long it may go on without a test that begins or ends.
    pub stuck: Duration,
}

/// Waits for the child's end, which tests write to `log`. Tells how it was brought about,
/// if it was: because it hangs, or because the user wants no more.
pub fn wait(
    mut child: Child,
    patience: Patience,
    log: &Path,
    stop: &AtomicBool,
) -> io::Result<(ExitStatus, Option<Ending>)> {
    let begun = Instant::now();
    let limit = patience.limit.map(|limit| limit + FOR_STACKS);
    let (mut worked, mut works) = (0, begun);
    let (mut written, mut writes) = (0, begun);
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(status) = child.wait_timeout(LOOK)? {
            return Ok((status, asked.map(|_| Ending::TimedOut)));
        }
        if stop.load(Ordering::Relaxed) {
            child.kill()?;
            return Ok((child.wait()?, Some(Ending::Stopped)));
        }
        if let Some(asked) = asked {
            if asked.elapsed() > FOR_STACKS {
                child.kill()?;
            }
            continue;
        }
        let ticks = processor_ticks(child.id());
        if ticks > worked + NO_WORK + NO_WORK_PER_SECOND * works.elapsed().as_secs() {
            (worked, works) = (ticks, Instant::now());
        }
        let length = fs::metadata(log).map_or(0, |log| log.len());
        if length != written {
            (written, writes) = (length, Instant::now());
        }
        if limit.is_some_and(|limit| begun.elapsed() > limit)
            || works.elapsed() > patience.idle
            || writes.elapsed() > patience.stuck
        {
            asked = Some(Instant::now());
            // It may have ended just now, and then the next look sees it.
            let _ = kill_process(Pid::from_child(&child), Signal::QUIT);
        }
    }
}

/// How much processor time a process has taken, in the kernel's ticks.
fn processor_ticks(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The second field is the name, in brackets, and can hold anything.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || {
        fields
            .next()
            .and_then(|field| field.parse().ok())
            .unwrap_or(0)
    };
    next() + next()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn ending(script: &str, idle: Duration, stuck: Duration) -> Option<Ending> {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let script = script.replace("LOG", log.to_str().unwrap());
        let child = Command::new("/bin/sh").args(["-c", &script]).spawn();
        let patience = Patience {
            limit: None,
            idle,
            stuck,
        };
        let stop = AtomicBool::new(false);
        wait(child.unwrap(), patience, &log, &stop).unwrap().1
    }

    #[test]
    fn a_program_that_does_nothing_is_ended_early() {
        let idle = Duration::from_millis(500);
        assert_eq!(ending("exec sleep 60", idle, LONG), Some(Ending::TimedOut));
        let busy = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        assert_eq!(ending(busy, idle, LONG), None);
    }

    #[test]
    fn a_program_that_works_without_a_test_that_ends_is_ended_early() {
        let stuck = Duration::from_millis(500);
        let busy = "while true; do :; done";
        assert_eq!(ending(busy, LONG, stuck), Some(Ending::TimedOut));
        let tests = "for i in 1 2 3 4; do echo x >> LOG; sleep 0.2; done";
        assert_eq!(ending(tests, LONG, stuck), None);
    }
}
