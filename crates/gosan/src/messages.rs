//! How gosan speaks on the standard error stream: one line, its name in front,
//! so that it can be told from `go` and from the user's program.

use std::process::ExitCode;

use crate::exit_codes;

/// Prints a line.
pub fn say(text: impl std::fmt::Display) {
    eprintln!("gosan: {text}");
}

/// Prints a line about something that does not work as it should.
pub fn warn(text: impl std::fmt::Display) {
    eprintln!("gosan: warning: {text}");
}

/// Prints an error, and says which exit code it means. What `go` said is shown
/// as `go` said it.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    use gosan_go::Error::{ChdirValueMissing, GoFailed, RaceDisabled};
    ExitCode::from(match error.downcast_ref::<gosan_go::Error>() {
        Some(GoFailed { stderr, code }) => {
            eprintln!("{stderr}");
            u8::try_from(*code).unwrap_or(exit_codes::FAILURE)
        }
        // These name their causes themselves.
        Some(error) => {
            say(error);
            match error {
                RaceDisabled { .. } | ChdirValueMissing => exit_codes::USAGE,
                _ => exit_codes::FAILURE,
            }
        }
        None => {
            say(format_args!("{error:#}"));
            exit_codes::FAILURE
        }
    })
}
