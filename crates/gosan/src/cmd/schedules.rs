//! `gosan test --schedules` and `gosan test --schedule-seed`.
//!
//! `go test` itself builds the test programs and runs each once, with the
//! user's flags and in the GOROOT that has the hooks; gosan stands in `-exec`
//! and keeps each program. What follows is gosan's: the kept programs run again
//! and again, each time under another schedule, until the runs or the time are
//! used up. So `-v`, `-json`, `-coverprofile` and the rest mean what they mean to
//! `go`, for the first run.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, bail};
use gosan_go::args::{GoArgs, Subcommand, split_quoted};
use gosan_go::table::Flavour;
use gosan_schedule::campaign::{Campaign, Plan};
use gosan_schedule::chooser::Earnings;
use gosan_schedule::group::{ALLOW_AT_FIRST, ALLOW_ONE};
use gosan_schedule::orders;
use gosan_schedule::program::{self, Program};
use gosan_schedule::race::{self, Race};
use gosan_schedule::run::failed_tests;
use gosan_schedule::seed::Seed;
use gosan_schedule::spec::{self, Frame};
use gosan_wire::Status;
use gosan_wire::read::Records;

use super::go::{self, Prepared};
use super::schedule_report::{Reporter, Summary};
use crate::cli::{RunOptions, Schedules};
use crate::known::{self, Known};
use crate::progress::Runs;
use crate::reporting::{Live, Show};
use crate::run_folder::RunFolder;
use crate::{exit_codes, messages, signals};

/// The word behind which gosan stands in for a test program.
pub const TEST_PROGRAM: &str = "--as-test-program";

/// What stands for no directory: the program is not kept.
const NOT_KEPT: &str = "-";

/// Flags that run no tests, or something that schedules are not for.
const NOT_WITH: [(&str, &str); 5] = [
    ("c", "-c runs no tests"),
    ("n", "-n runs no tests"),
    ("list", "-list runs no tests"),
    ("bench", "benchmarks are not run under schedules"),
    ("fuzz", "fuzzing is not run under schedules"),
];

/// Runs the tests, first as `go test` does and then under schedules.
pub fn run(options: RunOptions, schedules: &Schedules, words: Vec<OsString>) -> Result<ExitCode> {
    let RunOptions {
        common,
        known: known_options,
        report: report_options,
    } = options;
    let options = &common;
    let begun = Instant::now();
    let args = GoArgs::parse(Subcommand::Test, words)?;
    for (flag, reason) in NOT_WITH {
        if args.last(flag).is_some_and(gosan_go::args::Flag::is_on) {
            bail!("{reason}; leave out --schedules, or that flag");
        }
    }
    let stop = stop_on_signals()?;
    let kept = tempfile::Builder::new()
        .prefix("gosan-schedules-")
        .tempdir()
        .context("cannot make a directory for test programs; set TMPDIR to another place")?;
    let seed = schedules.schedule_seed.clone();
    let place = match &seed {
        Some(_) => Path::new(NOT_KEPT),
        None => kept.path(),
    };
    let args = with_gosan_in_exec(args, place, seed.as_ref())?;
    let mut prepared = match go::prepare(args, options, Flavour::Schedules)? {
        Ok(prepared) => prepared,
        Err(interrupted) => return Ok(go::exit_code(interrupted)),
    };
    let modules = known::modules(&prepared.invocation);
    let mut known = Known::gather(&known_options, &modules)?;
    let gorace = std::env::var_os("GORACE").unwrap_or_default();
    prepared.set_test_key(known.test_key(gorace.as_bytes()))?;
    let show = Show::of_run(report_options, prepared.args.is_on("json"), &gorace)?;
    let folder = RunFolder::create(&prepared.cache, show.runtime_options(), &known.files())?;
    let mut live = show.start(folder.records_path());
    let (status, printed) = first_run(&prepared)?;
    let (records, _) = folder.records();
    live.settle(&records)?;
    let told = races_told(&printed, &records);
    prepared.check(status)?;
    // What all runs have recorded, in the end.
    let mut conclude = |live: Live| -> Result<ExitCode> {
        let records = go::collect(&folder);
        known.conclude(&records, options.quiet)?;
        live.finish(&records, options.quiet)?;
        if status.success() && known_options.fail_on_child && go::raced_in_child(&records) {
            messages::say("there are new races in child processes, and --fail-on-child is set");
            return Ok(ExitCode::from(exit_codes::FAILURE));
        }
        Ok(go::exit_code(status))
    };
    let Some(runs) = schedules.schedules else {
        return conclude(live);
    };

    let programs = Program::all(kept.path()).context("cannot read the kept test programs")?;
    let notes = prepared.cache.stamps();
    let earnings_file = notes.join("schedules.json");
    let mut earnings = Earnings::load(earnings_file.as_std_path());
    let order_files: Vec<PathBuf> = programs
        .iter()
        .map(|program| orders::file(notes.as_std_path(), program))
        .collect();
    let at_once = match args_p(&prepared.args) {
        Some(p) => p,
        None => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let progress = Runs::start(options.quiet);
    let campaign = Campaign {
        programs: &programs,
        plan: Plan {
            runs,
            deadline: schedules.budget.map(|budget| begun + budget),
            at_once,
            find_again: schedules.find_again,
            rng_seed: fastrand::u64(..),
        },
        orders: order_files.iter().map(|file| orders::load(file)).collect(),
        known: told.clone(),
        failing: failed_tests(&printed).into_iter().collect(),
        scratch: kept.path(),
        stop: &stop,
        watch: &|totals| progress.show(totals),
    };
    let results = campaign
        .run(&mut earnings)
        .context("a test program cannot be run")?;
    progress.finish();
    // Without these notes the next command begins anew, which is no harm.
    let _ = earnings.store(earnings_file.as_std_path());
    for (file, orders) in order_files.iter().zip(&results.orders) {
        let _ = orders::store(file, orders);
    }
    let is_classic = !live.show.prints();
    let reporter = Reporter::new(&prepared, options, &programs, is_classic);
    reporter.report(&results)?;
    let code = conclude(live)?;
    let summary = Summary {
        planned: runs,
        programs: programs.len(),
        known: told.len(),
        took: begun.elapsed(),
    };
    summary.tell(&results, options.quiet);
    if results.findings.is_empty() {
        Ok(code)
    } else {
        Ok(ExitCode::from(exit_codes::FAILURE))
    }
}

/// The races that the first run has told of, in whatever form.
fn races_told(printed: &str, records: &Records) -> BTreeSet<Race> {
    let printed = race::reports(printed).into_iter().map(|report| report.race);
    let recorded = records
        .races
        .iter()
        .filter(|race| race.status == Status::New);
    printed.chain(recorded.map(Race::of_record)).collect()
}

/// How many programs `go test` would run at a time.
fn args_p(args: &GoArgs) -> Option<usize> {
    args.value("p")?.to_str()?.parse().ok()
}

/// Ctrl-C ends the runs, and what was found so far is reported. A second one
/// ends gosan.
fn stop_on_signals() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        let code = exit_codes::SIGNAL_BASE + signal;
        signal_hook::flag::register_conditional_shutdown(signal, code, Arc::clone(&stop))
            .and_then(|_| signal_hook::flag::register(signal, Arc::clone(&stop)))
            .context("cannot catch signals")?;
    }
    Ok(stop)
}

/// The user's arguments, with gosan in the place of each test program, and with
/// no cached result in the place of a run.
fn with_gosan_in_exec(args: GoArgs, kept: &Path, seed: Option<&Seed>) -> Result<GoArgs> {
    let goflags = std::env::var("GOFLAGS").unwrap_or_default();
    let in_goflags = split_quoted(&goflags).into_iter().rev().find_map(|word| {
        let word = word.trim_start_matches('-');
        word.strip_prefix("exec=").map(str::to_owned)
    });
    let runner = match args.value("exec") {
        Some(text) => Some(text.to_string_lossy().into_owned()),
        None => in_goflags,
    };
    let runner = split_quoted(&runner.unwrap_or_default());
    let own = std::env::current_exe().context("cannot tell where gosan itself is")?;
    let seed = seed.map_or("-".to_owned(), Seed::to_string);
    let mut exec = vec![
        own.to_string_lossy().into_owned(),
        TEST_PROGRAM.to_owned(),
        kept.to_string_lossy().into_owned(),
        seed,
        runner.len().to_string(),
    ];
    exec.extend(runner);
    let exec: Vec<String> = exec.iter().map(|word| quoted(word)).collect();

    let chdir = args.chdir.clone();
    let mut words: Vec<OsString> = Vec::new();
    if let Some(dir) = chdir {
        words.extend(["-C".into(), dir.into_os_string()]);
    }
    words.push(format!("-exec={}", exec.join(" ")).into());
    if args.last("count").is_none() {
        words.push("-count=1".into());
    }
    let dropped: Vec<_> = args
        .flags
        .iter()
        .filter(|flag| flag.name == "exec")
        .collect();
    let is_dropped = |at: usize| {
        let is_in =
            |flag: &&&gosan_go::args::Flag| (flag.start..flag.start + flag.words).contains(&at);
        dropped.iter().any(|flag| is_in(&flag))
    };
    let kept_words = args
        .words
        .iter()
        .enumerate()
        .filter(|(at, _)| !is_dropped(*at));
    words.extend(kept_words.map(|(_, word)| word.clone()));
    Ok(GoArgs::parse(Subcommand::Test, words)?)
}

/// As `go` splits `-exec`: a word with blanks stands in quotes.
fn quoted(word: &str) -> String {
    match word.contains([' ', '\t', '\n', '"', '\'']) || word.is_empty() {
        true if word.contains('\'') => format!("\"{word}\""),
        true => format!("'{word}'"),
        false => word.to_owned(),
    }
}

/// Stands in for a test program: keeps it and becomes it.
pub fn become_test_program(words: Vec<OsString>) -> Error {
    let failed = |error: std::io::Error| Error::new(error).context("cannot run the test program");
    let [kept, seed, count, rest @ ..] = words.as_slice() else {
        return Error::msg("this is for gosan's own use");
    };
    let count = count.to_str().and_then(|count| count.parse().ok());
    let Some((runner, program)) = count.and_then(|count| rest.split_at_checked(count)) else {
        return Error::msg("this is for gosan's own use");
    };
    let plain = Seed::new(0, 0);
    let seed = seed.to_str().and_then(|seed| seed.parse().ok());
    if kept == NOT_KEPT {
        let schedule = spec::text(&[seed.unwrap_or(plain)], &frame(None));
        let Some((binary, arguments)) = program.split_first() else {
            return Error::msg("this is for gosan's own use");
        };
        return failed(program::become_program(
            runner,
            Path::new(binary),
            arguments,
            &schedule,
        ));
    }
    failed(program::keep_and_become(
        Path::new(kept),
        runner,
        program,
        |log| spec::text(std::slice::from_ref(&plain), &frame(Some(log))),
    ))
}

/// What the one round of a test program has that is run as `go test` wants it.
fn frame(log: Option<&Path>) -> Frame<'_> {
    Frame {
        allow: ALLOW_ONE,
        free: log.map(|_| ALLOW_AT_FIRST),
        within: Duration::ZERO,
        leave: 0,
        log,
    }
}

/// Runs `go test`, shows what it prints, and keeps what the tests printed.
fn first_run(prepared: &Prepared) -> Result<(ExitStatus, String)> {
    let mut command = prepared.invocation.command();
    command.stdout(Stdio::piped());
    let is_json = prepared.args.is_on("json");
    let mut text = String::new();
    let status = signals::run_with(&mut command, |child| {
        let Some(output) = child.stdout.take() else {
            return;
        };
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        let mut stdout = std::io::stdout().lock();
        loop {
            line.clear();
            match output.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
            // Nobody may be reading any more; go goes on all the same.
            let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
            let shown = String::from_utf8_lossy(&line);
            match is_json {
                true => text.push_str(&output_of_event(&shown)),
                false => text.push_str(&shown),
            }
        }
    })
    .context("cannot run go")?;
    Ok((status, text))
}

/// What the program printed, of a line of `go test -json`.
fn output_of_event(line: &str) -> String {
    let event: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    event["Output"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    fn changed(line: &str) -> String {
        let args = GoArgs::parse(Subcommand::Test, words(line)).unwrap();
        let seed: Seed = "hold-00000001".parse().unwrap();
        let args = with_gosan_in_exec(args, Path::new("/k"), Some(&seed)).unwrap();
        let words: Vec<_> = args.words.iter().map(|w| w.to_str().unwrap()).collect();
        let line = words.join(" ");
        line.split_once(" /k hold-00000001 ").unwrap().1.to_owned()
    }

    #[test]
    fn stands_in_front_of_the_users_own_runner() {
        assert_eq!(changed("-v ./..."), "0 -count=1 -v ./...");
        assert_eq!(
            changed("-count=3 -exec sudo ./... -args -exec x"),
            "1 sudo -count=3 ./... -args -exec x"
        );
        assert_eq!(changed("-exec= . "), "0 -count=1 .");
    }

    #[test]
    fn quotes_as_go_splits() {
        for word in ["a", "a b", "it's", ""] {
            let line = format!("x {} y", quoted(word));
            let split = split_quoted(&line);
            assert_eq!(split, ["x", word, "y"]);
        }
    }
}
