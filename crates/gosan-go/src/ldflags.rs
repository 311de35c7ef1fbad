//! Adds flags of the linker to the user's own.
//!
//! `go` takes, for each package, the last `-ldflags` that fits it, so a further
//! one would put the user's out of force. Ours are therefore put in front of
//! each of theirs, on the command line and in GOFLAGS; what the user says about
//! the same thing comes later and counts.

use std::ffi::{OsStr, OsString};

use crate::args::{GoArgs, goflags_values};

const NAME: &str = "ldflags";

/// The user's words with the flags added; what has to stand before them first.
pub fn add(args: &GoArgs, goflags: &str, ours: &str) -> (Vec<OsString>, Vec<OsString>) {
    let flag = |value: OsString| {
        let mut word = OsString::from(format!("-{NAME}="));
        word.push(value);
        word
    };
    let before = std::iter::once(ours.into())
        .chain(
            goflags_values(goflags, NAME)
                .iter()
                .map(|value| merged(value, ours)),
        )
        .map(flag)
        .collect();
    let mut words = args.words.clone();
    for given in args.flags.iter().filter(|given| given.name == NAME) {
        let Some(value) = &given.value else { continue };
        let value = merged(value, ours);
        if given.words == 2 {
            words[given.start + 1] = value;
        } else {
            words[given.start] = flag(value);
        }
    }
    (before, words)
}

/// One value, which may begin with a pattern of packages and `=`.
fn merged(value: &OsStr, ours: &str) -> OsString {
    let Some(text) = value.to_str() else {
        // go reads flags as text; it will say what is wrong with this one.
        return value.to_owned();
    };
    let text = text.trim();
    match text.split_once('=') {
        _ if text.is_empty() => ours.into(),
        Some((pattern, flags)) if !text.starts_with('-') => {
            format!("{pattern}={ours} {}", flags.trim_start()).into()
        }
        // Without a pattern it is a mistake, and stays one.
        None if !text.starts_with('-') => text.into(),
        _ => format!("{ours} {text}").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Subcommand;

    fn line(words: &[OsString]) -> String {
        let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
        words.join("|")
    }

    #[test]
    fn the_users_flags_stay_and_come_later() {
        for (words, goflags, before, after) in [
            ("./...", "", "-ldflags=-s=false", "./..."),
            (
                "-ldflags|-X main.v=1|./...",
                "",
                "-ldflags=-s=false",
                "-ldflags|-s=false -X main.v=1|./...",
            ),
            (
                "--ldflags=-s -w|.",
                "",
                "-ldflags=-s=false",
                "-ldflags=-s=false -s -w|.",
            ),
            (
                "-ldflags=./cmd/...=-s|-ldflags=|.",
                "",
                "-ldflags=-s=false",
                "-ldflags=./cmd/...=-s=false -s|-ldflags=-s=false|.",
            ),
            (
                ".|-args|-ldflags=-x",
                "-v '-ldflags=-X a.b=c d' -ldflags=all=-w",
                "-ldflags=-s=false|-ldflags=-s=false -X a.b=c d|-ldflags=all=-s=false -w",
                ".|-args|-ldflags=-x",
            ),
            ("-ldflags=wrong", "", "-ldflags=-s=false", "-ldflags=wrong"),
        ] {
            let words = words.split('|').map(OsString::from).collect();
            let args = GoArgs::parse(Subcommand::Test, words).unwrap();
            let (first, rest) = add(&args, goflags, "-s=false");
            assert_eq!(
                (line(&first), line(&rest)),
                (before.to_owned(), after.to_owned())
            );
        }
    }
}
