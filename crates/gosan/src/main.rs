//! The `gosan` command: reads its own arguments and calls the right part.

mod baseline;
mod cli;
mod cmd;
mod exit_codes;
mod ignores;
mod known;
mod known_options;
mod messages;
mod progress;
mod report_options;
mod reporting;
mod run_folder;
mod runtime;
mod signals;

use std::process::ExitCode;

use cli::Request;

fn main() -> ExitCode {
    let mut words = std::env::args_os().skip(1);
    if words
        .next()
        .is_some_and(|word| word == cmd::schedules::TEST_PROGRAM)
    {
        return messages::fail(&cmd::schedules::become_test_program(words.collect()));
    }
    let request = match cli::parse(std::env::args_os().skip(1).collect()) {
        Ok(request) => request,
        Err(answer) => return answer.show(),
    };
    let misplaced = request.misplaced();
    let result = match request {
        Request::Go { options, arguments } => cmd::go::run(options, arguments),
        Request::Schedules {
            options,
            schedules,
            words,
        } => cmd::schedules::run(options, &schedules, words),
        Request::Report { arguments } => cmd::report::run(&arguments),
        Request::Explain { options } => cmd::explain::run(&options),
        Request::Doctor { options } => cmd::doctor::run(&options),
        Request::Clean => cmd::clean::run(),
    };
    if let (Some(option), Ok(code)) = (misplaced, &result)
        && *code != ExitCode::SUCCESS
    {
        messages::say(format_args!(
            "{option} went to the tests, since it stands behind a word of go's; gosan's own options come \
             first: gosan test {option} …"
        ));
    }
    result.unwrap_or_else(|error| messages::fail(&error))
}
