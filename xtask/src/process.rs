//! Children with a time limit, whose output is seen line by line.
//!
//! A child gets a process group of its own, so that a limit or Ctrl-C ends what
//! it started too: `go test` leaves test binaries behind when it alone is killed.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};

/// How long a group has to end by itself after an interrupt.
const GRACE: Duration = Duration::from_secs(5);

/// How long output is still read after the child itself has ended, when
/// something that it started keeps the pipe open.
const DRAIN: Duration = Duration::from_secs(5);

/// The groups that are running now, for Ctrl-C.
static GROUPS: Mutex<Vec<Pid>> = Mutex::new(Vec::new());

/// Which of a child's streams a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// How a child ended, and what it wrote where the caller asked to keep it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// None when the limit was reached.
    pub status: Option<ExitStatus>,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    pub fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    pub fn timed_out(&self) -> bool {
        self.status.is_none()
    }

    /// How the child ended, in words.
    pub fn ending(&self) -> String {
        match self.status {
            Some(status) => status.to_string(),
            None => "stopped at its time limit".to_owned(),
        }
    }

    /// The last line with text, standard error first: where tools put the reason.
    pub fn last_line(&self) -> String {
        let last = |text: &str| {
            let line = text.lines().rev().find(|line| !line.trim().is_empty());
            line.map(|line| line.trim().to_owned())
        };
        last(&self.stderr)
            .or_else(|| last(&self.stdout))
            .unwrap_or_else(|| self.ending())
    }
}

/// Ends all children before this process ends by Ctrl-C or SIGTERM.
pub fn stop_children_on_ctrl_c() {
    let installed = ctrlc::set_handler(|| {
        for group in groups().iter() {
            // It may have ended meanwhile, which is as good.
            let _ = kill_process_group(*group, Signal::INT);
        }
        thread::sleep(Duration::from_millis(500));
        for group in groups().iter() {
            let _ = kill_process_group(*group, Signal::KILL);
        }
        std::process::exit(130);
    });
    if let Err(error) = installed {
        eprintln!("xtask: Ctrl-C will not reach children: {error}");
    }
}

/// Runs `command` and hands each line to `on_line` as it comes.
pub fn run(
    command: &mut Command,
    limit: Duration,
    mut on_line: impl FnMut(Stream, &str),
) -> Result<Outcome> {
    let name = describe(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let group = Group::of(&child);
    let (sender, lines) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        read_lines(out, Stream::Out, sender.clone());
    }
    if let Some(err) = child.stderr.take() {
        read_lines(err, Stream::Err, sender.clone());
    }
    drop(sender);

    let deadline = Instant::now() + limit;
    let mut ended: Option<(ExitStatus, Instant)> = None;
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok((stream, line)) => on_line(stream, &line),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                // Both pipes are closed; the child may still run without them.
                if ended.is_none() {
                    thread::sleep(Duration::from_millis(10));
                }
            }
        }
        if ended.is_none() {
            ended = child
                .try_wait()
                .with_context(|| format!("cannot wait for {name}"))?
                .map(|status| (status, Instant::now()));
        }
        if let Some((status, at)) = ended {
            let drained = match lines.try_recv() {
                Ok((stream, line)) => {
                    on_line(stream, &line);
                    false
                }
                Err(mpsc::TryRecvError::Empty) => at.elapsed() > DRAIN,
                Err(mpsc::TryRecvError::Disconnected) => true,
            };
            if drained {
                return Ok(Outcome {
                    status: Some(status),
                    ..Outcome::default()
                });
            }
        } else if Instant::now() > deadline {
            group.end(&mut child);
            while let Ok((stream, line)) = lines.try_recv() {
                on_line(stream, &line);
            }
            return Ok(Outcome::default());
        }
    }
}

/// Runs `command` and keeps what it writes.
pub fn capture(command: &mut Command, limit: Duration) -> Result<Outcome> {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let outcome = run(command, limit, |stream, line| {
        let text = match stream {
            Stream::Out => &mut stdout,
            Stream::Err => &mut stderr,
        };
        text.push_str(line);
        text.push('\n');
    })?;
    Ok(Outcome {
        stdout,
        stderr,
        ..outcome
    })
}

/// Runs `command`, shows what it writes, and keeps it too.
pub fn show(command: &mut Command, limit: Duration) -> Result<Outcome> {
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let outcome = run(command, limit, |stream, line| match stream {
        Stream::Out => {
            println!("{line}");
            stdout.push_str(line);
            stdout.push('\n');
        }
        Stream::Err => {
            eprintln!("{line}");
            stderr.push_str(line);
            stderr.push('\n');
        }
    })?;
    Ok(Outcome {
        stdout,
        stderr,
        ..outcome
    })
}

/// Runs `command` and fails with its own words when it does not succeed.
pub fn must(command: &mut Command, limit: Duration) -> Result<Outcome> {
    let outcome = capture(command, limit)?;
    if !outcome.success() {
        bail!(
            "{} failed ({}):\n{}{}",
            describe(command),
            outcome.ending(),
            outcome.stdout,
            outcome.stderr
        );
    }
    Ok(outcome)
}

/// The command as a person would type it.
pub fn describe(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|arg| arg.to_string_lossy().into_owned()),
    );
    words.join(" ")
}

/// Is there a program of this name on PATH?
pub fn on_path(name: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|directory| directory.join(name).is_file())
    })
}

/// A child's process group, known to the Ctrl-C handler while the child runs.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Group {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        groups().extend(pid);
        Group(pid)
    }

    /// Interrupts the group, waits a little, and then kills it.
    fn end(&self, child: &mut Child) {
        let Some(pid) = self.0 else { return };
        let _ = kill_process_group(pid, Signal::INT);
        let until = Instant::now() + GRACE;
        while Instant::now() < until && matches!(child.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(50));
        }
        let _ = kill_process_group(pid, Signal::KILL);
        let _ = child.wait();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        groups().retain(|pid| Some(*pid) != self.0);
    }
}

fn groups() -> MutexGuard<'static, Vec<Pid>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read_lines(
    from: impl Read + Send + 'static,
    stream: Stream,
    to: mpsc::Sender<(Stream, String)>,
) {
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = Vec::new();
        // Tests may write bytes that are not UTF-8; they are no reason to stop.
        while let Ok(1..) = from.read_until(b'\n', &mut line) {
            if line.ends_with(b"\n") {
                line.pop();
            }
            let text = String::from_utf8_lossy(&line).into_owned();
            if to.send((stream, text)).is_err() {
                break;
            }
            line.clear();
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn keeps_both_streams_and_the_status() {
        let mut command = shell("echo out; echo err >&2; exit 3");
        let outcome = capture(&mut command, Duration::from_secs(20)).expect("sh runs");
        assert_eq!(outcome.stdout, "out\n");
        assert_eq!(outcome.stderr, "err\n");
        assert_eq!(outcome.status.and_then(|status| status.code()), Some(3));
        assert_eq!(outcome.last_line(), "err");
    }

    #[test]
    fn the_limit_ends_grandchildren_too() {
        let started = Instant::now();
        let mut command = shell("sleep 600 & echo $!; wait");
        let outcome = capture(&mut command, Duration::from_millis(300)).expect("sh runs");
        assert!(outcome.timed_out());
        assert!(started.elapsed() < Duration::from_secs(30));
        let pid: i32 = outcome.stdout.trim().parse().expect("a process id");
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
            // A zombie that nobody has reaped yet has ended as well.
            stat.map_or(true, |stat| stat.contains(") Z"))
        };
        for _ in 0..100 {
            if gone() {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("process {pid} outlived the limit");
    }

    #[test]
    fn bytes_that_are_not_text_do_not_end_the_reading() {
        let mut command = shell(r"printf '\377\n'; echo after");
        let outcome = capture(&mut command, Duration::from_secs(20)).expect("sh runs");
        assert!(outcome.stdout.ends_with("\nafter\n"), "{}", outcome.stdout);
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = capture(&mut Command::new("no-such-program"), Duration::from_secs(1))
            .expect_err("it does not exist");
        assert!(format!("{error:#}").contains("no-such-program"));
    }
}
