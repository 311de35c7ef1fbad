//! `cargo xtask instructions`: what one event costs, in instructions.
//!
//! `bench/events` makes each kind of event many times over, and every
//! instruction between two of them is counted.  A build without a detector says
//! what the program itself takes; the rest is the detector's: the compiler's
//! call, the thunk, the runtime.  The figure of a kind is the median of its
//! events: what is usual, without the page that has to be taken into use now
//! and then.  So the counts are the same on each machine and under any load.
//!
//! The counts are compared with a committed baseline.

mod baseline;
mod step;

use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde::{Deserialize, Serialize};

use crate::go::{Go, find};
use crate::process;
use crate::tally::Tally;
use crate::workspace::{self, Profile};
use baseline::Baseline;
use step::{Cost, Kind, Refused};

/// The first use builds the standard library.
const BUILD_LIMIT: Duration = Duration::from_secs(10 * 60);

/// Kinds that are nothing new, and so the most frequent: the compiler's calls of
/// the hooks are all their calls, and the frame of the function that is called
/// with an announcement is all that is pushed.
const NOTHING_NEW: [(&str, i64, i64); 4] = [
    ("read again", 1, 0),
    ("write again", 1, 0),
    ("read shared again", 1, 0),
    ("call and read", 3, 1),
];

/// What a kind of event costs on top of the plain program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    pub name: String,
    pub instructions: i64,
    pub calls: i64,
    pub pushes: i64,
    pub lines: i64,
    /// All its instructions, with the program's own, by function: how many of
    /// all the events together.
    #[serde(skip)]
    pub functions: Vec<(String, u32)>,
}

/// The task: `bless` makes what is counted the baseline, `stock` counts stock's
/// detector too, `functions_of` names kinds of which the functions are listed.
pub fn run(
    bless: bool,
    stock: bool,
    functions_of: &[String],
    gosan: Option<&Utf8Path>,
) -> Result<bool> {
    let go = find::find_or_install()?;
    find::check_c_compiler(&go)?;
    let gosan = match gosan {
        Some(path) => path.to_owned(),
        None => workspace::build_gosan(Profile::Release)?,
    };
    let added = match count(&gosan, &go)? {
        Ok(added) => added,
        Err(refused) => bail!("{}", refusal(&refused)),
    };
    let beside = if stock {
        Some(
            added_by(&Builder::Stock, &go)?
                .map_err(|refused| anyhow::anyhow!(refusal(&refused)))?,
        )
    } else {
        None
    };
    let text = table(&added, beside.as_deref());
    println!("{text}");
    for event in added
        .iter()
        .filter(|event| functions_of.contains(&event.name))
    {
        print_functions(event);
    }
    if bless {
        Baseline::new(&go, added, beside).write()?;
        return Ok(true);
    }
    let tally = judge(&go, &added)?;
    for note in &tally.notes {
        println!("{note}");
    }
    Ok(tally.failed == 0)
}

/// The step of `cargo xtask test`: each kind of event is a test.
pub fn test(gosan: &Utf8Path, go: &Go) -> Result<Tally> {
    match count(gosan, go)? {
        Ok(added) => {
            println!("{}", table(&added, None));
            judge(go, &added)
        }
        Err(refused) => Ok(Tally {
            skipped: 1,
            notes: vec![format!("skipping the counts: {}", refusal(&refused))],
            ..Tally::default()
        }),
    }
}

fn refusal(refused: &Refused) -> String {
    format!(
        "this machine does not let a program be stepped through ({}); in a container, allow ptrace",
        refused.0
    )
}

fn judge(go: &Go, added: &[Added]) -> Result<Tally> {
    let baseline = Baseline::read()?;
    if !baseline.is_of(go) {
        return Ok(Tally {
            skipped: 1,
            notes: vec![format!(
                "skipping the comparison: the baseline is of Go {}, this is {}",
                baseline.go, go.version
            )],
            ..Tally::default()
        });
    }
    let mut tally = baseline.judge(added);
    tally.add(&hot_path(added));
    Ok(tally)
}

/// Nothing is called and nothing is pushed where nothing is new.
fn hot_path(added: &[Added]) -> Tally {
    let mut tally = Tally::default();
    for (name, calls, pushes) in NOTHING_NEW {
        let found = added.iter().find(|event| event.name == name);
        if found.is_some_and(|event| event.calls == calls && event.pushes == pushes) {
            tally.passed += 1;
            continue;
        }
        tally.failed += 1;
        tally.notes.push(match found {
            Some(event) => format!(
                "{name}: {} calls and {} pushes, {calls} and {pushes} are the program's own",
                event.calls, event.pushes
            ),
            None => format!("{name}: was not counted"),
        });
    }
    tally
}

/// What builds the program.
enum Builder<'a> {
    Plain,
    Stock,
    Gosan(&'a Utf8Path),
}

fn count(gosan: &Utf8Path, go: &Go) -> Result<Result<Vec<Added>, Refused>> {
    added_by(&Builder::Gosan(gosan), go)
}

/// What the detector of one builder adds to the plain program.
fn added_by(builder: &Builder, go: &Go) -> Result<Result<Vec<Added>, Refused>> {
    let plain = match step::count(&build(&Builder::Plain, go)?)? {
        Ok(plain) => plain,
        Err(refused) => return Ok(Err(refused)),
    };
    let with = match step::count(&build(builder, go)?)? {
        Ok(with) => with,
        Err(refused) => return Ok(Err(refused)),
    };
    let pairs = plain.iter().zip(&with);
    let added = pairs.map(|(plain, with)| added(plain, with));
    added.collect::<Result<_>>().map(Ok)
}

fn build(builder: &Builder, go: &Go) -> Result<Utf8PathBuf> {
    let (mut command, name) = match builder {
        Builder::Plain => (Command::new(&go.bin), "plain"),
        Builder::Stock => (Command::new(&go.bin), "stock"),
        Builder::Gosan(gosan) => (Command::new(gosan), "gosan"),
    };
    let folder = workspace::target_dir().join("bench/events");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {folder}"))?;
    let output = folder.join(name);
    go.use_in(&mut command).arg("build");
    if matches!(builder, Builder::Stock) {
        command.arg("-race");
    }
    command
        .args(["-o", output.as_str(), "./events"])
        .env("GOSAN_CACHE", workspace::test_cache())
        .current_dir(workspace::root().join("bench"));
    process::must(&mut command, BUILD_LIMIT)?;
    Ok(output)
}

/// The difference of the medians.
fn added(plain: &Kind, with: &Kind) -> Result<Added> {
    let difference = |value: fn(&Cost) -> u32| -> Result<i64> {
        let median = |kind: &Kind| {
            let mut values: Vec<u32> = kind.events.iter().map(value).collect();
            values.sort_unstable();
            values
                .get(values.len() / 2)
                .copied()
                .with_context(|| format!("no event of the kind {:?}", kind.name))
        };
        Ok(i64::from(median(with)?) - i64::from(median(plain)?))
    };
    Ok(Added {
        name: with.name.clone(),
        instructions: difference(|cost| cost.instructions)?,
        calls: difference(|cost| cost.calls)?,
        pushes: difference(|cost| cost.pushes)?,
        lines: difference(|cost| cost.lines)?,
        functions: functions(with),
    })
}

/// How many instructions the events have in each function, most first.
fn functions(kind: &Kind) -> Vec<(String, u32)> {
    let all = kind.functions.iter();
    let mut functions: Vec<(String, u32)> = all.map(|(name, n)| (name.clone(), *n)).collect();
    functions.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    functions
}

fn print_functions(event: &Added) {
    println!("\nInstructions of all events {:?} by function:", event.name);
    for (function, instructions) in &event.functions {
        println!("{instructions:>8}  {function}");
    }
}

/// A line for each kind, with stock's figures beside gosan's.
fn table(added: &[Added], stock: Option<&[Added]>) -> String {
    let mut heading = format!(
        "{:<26} {:>12} {:>6} {:>7} {:>11}",
        "added by one event", "instructions", "calls", "pushes", "cache lines"
    );
    if stock.is_some() {
        heading += &format!("  stock: {:>12} {:>11}", "instructions", "cache lines");
    }
    let mut lines = vec![heading];
    for event in added {
        let mut line = format!(
            "{:<26} {:>12} {:>6} {:>7} {:>11}",
            event.name, event.instructions, event.calls, event.pushes, event.lines
        );
        let same = |stock: &&Added| stock.name == event.name;
        if let Some(stock) = stock.and_then(|stock| stock.iter().find(same)) {
            line += &format!("         {:>12} {:>11}", stock.instructions, stock.lines);
        }
        lines.push(line);
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_or_a_push_on_the_hot_path_fails() {
        let event = |(name, calls, pushes): (&str, i64, i64)| Added {
            name: name.to_owned(),
            instructions: 20,
            calls,
            pushes,
            lines: 5,
            functions: Vec::new(),
        };
        let mut events: Vec<Added> = NOTHING_NEW.map(event).into();
        assert!(hot_path(&events).success());
        events[1].calls += 1;
        events[2].pushes += 1;
        let tally = hot_path(&events);
        assert_eq!((tally.passed, tally.failed), (2, 2));
        assert!(tally.notes[0].starts_with("write again: 2 calls"));
        assert_eq!(hot_path(&[]).failed, NOTHING_NEW.len());
    }

    #[test]
    fn what_is_added_is_a_difference_of_medians() {
        let kind = |instructions: &[u32]| Kind {
            name: "read".to_owned(),
            events: instructions
                .iter()
                .map(|&instructions| Cost {
                    instructions,
                    ..Cost::default()
                })
                .collect(),
            functions: [("f".to_owned(), 30), ("g".to_owned(), 60)].into(),
        };
        let event = added(&kind(&[5, 5, 5]), &kind(&[25, 900, 24])).expect("events");
        assert_eq!(event.instructions, 20);
        assert_eq!(event.functions[0], ("g".to_owned(), 60));
        assert!(added(&kind(&[]), &kind(&[1])).is_err());
    }
}
