//! The project's tasks, started with `cargo xtask TASK`.
//!
//! Each task has a file of its own.  What they share: `process` starts children
//! with a time limit, `workspace` knows the directories and builds gosan, `go`
//! finds or installs a Go, `tally` counts what passed.

mod bench;
mod codes;
mod demo;
mod detector;
mod exact;
mod fixtures;
mod fuzz;
mod go;
mod instructions;
mod kernels;
mod matrix;
mod pictures;
mod process;
mod quote;
mod race_suite;
mod random;
mod soak;
mod stack_use;
mod std_compare;
mod symbols;
mod tally;
mod test_all;
mod tidy;
mod workspace;

use std::num::NonZeroUsize;
use std::process::ExitCode;

use camino::Utf8PathBuf;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tasks of the gosan repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Set everything up and show gosan finding a race in an example service
    Demo,
    /// Set everything up and run all the tests
    Test,
    /// Run Go's own race suite and the corpus with every supported Go
    Matrix {
        /// Go versions, as 1.26 or 1.26.5; all supported ones when left out
        versions: Vec<String>,
    },
    /// Compare the standard library's tests under gosan and under stock -race
    Std {
        /// Only the packages that CI compares
        #[arg(long, conflicts_with = "packages")]
        quick: bool,
        /// The go command to use, instead of the one on PATH
        #[arg(long, value_name = "PATH")]
        go: Option<Utf8PathBuf>,
        /// Packages or patterns; `std` when left out
        packages: Vec<String>,
    },
    /// Measure time and memory beside stock -race, row by row, and how fast logs are read
    Bench(bench::Arguments),
    /// Count the instructions that one event costs, and compare with the baseline
    Instructions {
        /// Make the counts the baseline, and put them into docs/design/performance.md
        #[arg(long)]
        bless: bool,
        /// Count stock's detector too
        #[arg(long)]
        stock: bool,
        /// List the functions in which an event of this kind spends instructions
        #[arg(long, value_name = "KIND")]
        functions: Vec<String>,
        /// The gosan command to use, in the place of what the sources give
        #[arg(long, value_name = "PATH")]
        gosan: Option<Utf8PathBuf>,
    },
    /// Show that no race is lost, however far apart its accesses, beside stock
    Exact(exact::Options),
    /// Run a busy program for minutes, and see that its memory stays flat
    Soak(soak::Options),
    /// Compare gosan with an oracle, on random Go programs
    Random(random::Options),
    /// Measure how often the races of kernels/ are found: stock and gosan, 1 run and 10
    Kernels {
        /// Single runs of each package
        #[arg(long, default_value_t = 200)]
        runs: usize,
        /// Commands with ten schedules
        #[arg(long, default_value_t = 20)]
        tries: usize,
        /// Kernels that run together under schedules, as a package of so many tests would
        #[arg(long, default_value = "10")]
        together: NonZeroUsize,
        /// Only this package of kernels/
        #[arg(long, value_name = "PACKAGE")]
        only: Option<String>,
    },
    /// Make the pictures in the docs
    Pictures,
    /// Make the logs anew that the tests of gosan explain read, with Go 1.21 to 1.27
    Fixtures(fixtures::Options),
    /// Show the parsers inputs that nobody wrote, a minute for each
    Fuzz(fuzz::Options),
    /// Write the lists of codes in docs/codes/ from the pages and corpus/codes.txt
    Codes {
        /// Only say whether they are what would be written
        #[arg(long)]
        check: bool,
    },
    /// Check the rules that the compiler does not check
    Tidy,
    /// Check the symbols and sections of the runtime object
    Symbols,
}

fn main() -> ExitCode {
    process::stop_children_on_ctrl_c();
    let result = match Cli::parse().task {
        Task::Demo => demo::run(),
        Task::Test => test_all::run(),
        Task::Matrix { versions } => matrix::run(&versions),
        Task::Std {
            quick,
            go,
            packages,
        } => std_compare::run(quick, go.as_deref(), &packages),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Instructions {
            bless,
            stock,
            functions,
            gosan,
        } => instructions::run(bless, stock, &functions, gosan.as_deref()),
        Task::Exact(options) => exact::run(&options),
        Task::Soak(options) => soak::run(&options),
        Task::Random(options) => random::run(&options),
        Task::Kernels {
            runs,
            tries,
            together,
            only,
        } => {
            let amount = kernels::Amount {
                runs,
                tries,
                together,
            };
            kernels::run(&amount, only.as_deref())
        }
        Task::Pictures => pictures::run(),
        Task::Fixtures(options) => fixtures::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Codes { check } => codes::run(check),
        Task::Tidy => tidy::run(),
        Task::Symbols => symbols::run(),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
