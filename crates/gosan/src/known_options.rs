//! The options that say which races count.

use std::path::PathBuf;

use clap::Args;

/// Which races fail a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct KnownOptions {
    /// Fail on races that are not in this file
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Add the races of this run to the file of --baseline
    #[arg(long, requires = "baseline")]
    pub update_baseline: bool,
    /// End with 1 if there was a new race in a child process, too
    #[arg(long)]
    pub fail_on_child: bool,
}
