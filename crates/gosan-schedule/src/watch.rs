//! Waits for the end of a program, and brings it about when the program hangs.
//!
//! Tests that wait for each other for ever take no processor time; those that look again
//! and again for what never comes take some. So a program hangs when it does nothing for
//! too long, or when no test of it has begun or ended for too long: by what the tests that
//! run just now took in the first run. It is asked for its stacks then, as Go's users do,
//! with SIGQUIT. A test that needs much longer than it did there, and does nothing
//! meanwhile, is taken for one that hangs.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use wait_timeout::ChildExt;

use crate::log;
use crate::run::Ending;

/// How long a program may take to print its stacks.
const FOR_STACKS: Duration = Duration::from_secs(10);

/// How often a wait looks whether it shall go on.
const LOOK: Duration = Duration::from_millis(50);

/// Ticks of processor time that a program takes in which nothing goes on: these at once,
/// and these in a second, as Go's runtime looks around.
const NO_WORK: u64 = 2;
const NO_WORK_PER_SECOND: u64 = 2;

/// How many times as long as a test should take the program may do nothing, and may go on
/// without a test that begins or ends. Sleeps may be stretched as much.
const IDLES: u32 = 4;
const STUCK: u32 = 6;

/// What a program may take.
#[derive(Debug, Clone)]
pub struct Patience {
    /// How long the run may take by Go's own timeout; `None` is without end.
    pub limit: Option<Duration>,
    /// How long each of its tests should take.
    pub tests: BTreeMap<String, Duration>,
    /// How long it should take before and behind them.
    pub around: Duration,
    /// How much longer it may do nothing at all.
    pub idle: Duration,
    /// How much longer it may go on without a test that begins or ends.
    pub stuck: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            limit: None,
            tests: BTreeMap::new(),
            around: Duration::ZERO,
            idle: Duration::from_secs(5),
            stuck: Duration::from_secs(10),
        }
    }
}

impl Patience {
    /// How long nothing need be written to the log while these tests run.
    fn silence(&self, running: &[String]) -> Duration {
        let longest = || self.tests.values().max().copied().unwrap_or_default();
        let time = |name: &String| self.tests.get(name).copied().unwrap_or_else(longest);
        running.iter().map(time).max().unwrap_or(self.around)
    }
}

/// Which tests of a program run, by the log that it writes.
#[derive(Debug, Default)]
struct Progress {
    log: Option<File>,
    /// The beginning of a line.
    rest: Vec<u8>,
    running: Vec<String>,
}

impl Progress {
    /// Reads what is new, and tells whether anything is.
    fn read(&mut self, log: &Path) -> io::Result<bool> {
        if self.log.is_none() {
            self.log = File::open(log).ok();
        }
        let Some(file) = &mut self.log else {
            return Ok(false);
        };
        let is_news = file.read_to_end(&mut self.rest)? > 0;
        while let Some(end) = self.rest.iter().position(|&byte| byte == b'\n') {
            let line = String::from_utf8_lossy(&self.rest[..end]);
            let mut fields = line.splitn(3, '\t');
            let mut field = || fields.next().unwrap_or_default();
            log::note_running(&mut self.running, field(), field());
            self.rest.drain(..=end);
        }
        Ok(is_news)
    }
}

/// Waits for the child's end, which tests write to `log`. Tells how it was brought about,
/// if it was: because it hangs, or because the user wants no more.
pub fn wait(
    mut child: Child,
    patience: &Patience,
    log: &Path,
    stop: &AtomicBool,
) -> io::Result<(ExitStatus, Option<Ending>)> {
    let begun = Instant::now();
    let limit = patience.limit.map(|limit| limit + FOR_STACKS);
    let (mut worked, mut works) = (0, begun);
    let (mut progress, mut writes) = (Progress::default(), begun);
    let mut asked: Option<Instant> = None;
    loop {
        if let Some(status) = child.wait_timeout(LOOK)? {
            // It may have come to its end just when it was asked.
            let was_asked = asked.is_some() && !status.success();
            return Ok((status, was_asked.then_some(Ending::TimedOut)));
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
        if progress.read(log)? {
            writes = Instant::now();
            works = writes;
        }
        let silence = patience.silence(&progress.running);
        if limit.is_some_and(|limit| begun.elapsed() > limit)
            || works.elapsed() > silence * IDLES + patience.idle
            || writes.elapsed() > silence * STUCK + patience.stuck
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
    use std::io::Write;
    use std::process::Command;

    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// Much longer than a busy machine lets a program wait for a processor.
    const SOON: Duration = Duration::from_secs(2);

    /// How a program was ended whose tests `A` and `B` should take no time, and 30 seconds.
    fn ending(script: &str, idle: Duration, stuck: Duration) -> Option<Ending> {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let script = script.replace("LOG", log.to_str().unwrap());
        let child = Command::new("/bin/sh").args(["-c", &script]).spawn();
        let patience = Patience {
            tests: [("A", Duration::ZERO), ("B", LONG)]
                .map(|(name, took)| (name.to_owned(), took))
                .into(),
            idle,
            stuck,
            ..Patience::default()
        };
        let stop = AtomicBool::new(false);
        wait(child.unwrap(), &patience, &log, &stop).unwrap().1
    }

    #[test]
    fn a_program_that_does_nothing_is_ended_early() {
        assert_eq!(ending("exec sleep 60", SOON, LONG), Some(Ending::TimedOut));
        let busy = "i=0; while [ $i -lt 2000000 ]; do i=$((i+1)); done";
        assert_eq!(ending(busy, SOON, LONG), None);
    }

    #[test]
    fn a_program_that_works_without_a_test_that_ends_is_ended_early() {
        let busy = "while true; do :; done";
        assert_eq!(ending(busy, LONG, SOON), Some(Ending::TimedOut));
        let tests = "for i in 1 2 3 4; do echo x >> LOG; sleep 0.7; done";
        assert_eq!(ending(tests, LONG, SOON), None);
    }

    #[test]
    fn a_test_may_do_nothing_as_long_as_it_did_before() {
        let begins = |name| format!("printf 'begin\\t{name}\\n' >> LOG");
        let waits = |name| format!("{}; sleep 3", begins(name));
        let hangs = format!("{}; exec sleep 60", begins("A"));
        assert_eq!(ending(&hangs, SOON, LONG), Some(Ending::TimedOut));
        assert_eq!(ending(&waits("B"), SOON, LONG), None);
        let both = format!("{}; printf 'end\\tB\\t1\\t1\\n' >> LOG", waits("B"));
        assert_eq!(ending(&both, SOON, LONG), None);
        let hangs = format!("{both}; exec sleep 60");
        assert_eq!(ending(&hangs, SOON, LONG), Some(Ending::TimedOut));
    }

    #[test]
    fn a_line_is_read_when_it_is_whole() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut progress = Progress::default();
        assert!(!progress.read(&log).unwrap());
        for (text, running) in [
            ("begin\t\nbegin\tA\nbeg", vec!["A"]),
            ("in\tB\n", vec!["A", "B"]),
            ("pause\tA\nend\tB\t1\t20\n", vec![]),
            ("begin\tA\nround\t\n", vec![]),
        ] {
            let mut file = File::options().create(true).append(true).open(&log);
            file.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
            assert!(progress.read(&log).unwrap());
            assert_eq!(progress.running, running);
        }
    }
}
