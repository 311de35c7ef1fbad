//! `gosan test`, `gosan run` and `gosan build`: go's command of the same name,
//! in the assembled root.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Command, ExitCode, ExitStatus, Stdio};

use anyhow::{Context, Result};
use gosan_go::args::{GoArgs, Subcommand, check_goflags};
use gosan_go::cache::{Cache, InUse};
use gosan_go::goroot::{AssembledRoot, Assembly};
use gosan_go::invocation::{Invocation, LinkFlags};
use gosan_go::std_build::StdBuild;
use gosan_go::table::Flavour;
use gosan_go::toolchain::{Toolchain, find_go};
use gosan_go::tree::Sharing;
use gosan_go::{Error, outputs};
use gosan_wire::Status;
use gosan_wire::read::Records;

use crate::cli::{Options, RunOptions};
use crate::known::{self, Known};
use crate::progress::Progress;
use crate::reporting::Show;
use crate::run_folder::RunFolder;
use crate::{exit_codes, messages, runtime, signals};

/// Whether the standard library is known to hold gosan's runtime.
enum Library {
    Verified,
    /// It could not be built, so the user's command will most likely fail too,
    /// and say why. If it does not, the check is made up for.
    Unknown,
    /// Ctrl-C, for instance: the user's command shall not start any more.
    Interrupted(ExitStatus),
}

/// All that stands between the user's arguments and a running `go`.
pub struct Prepared {
    pub args: GoArgs,
    pub invocation: Invocation,
    pub root: AssembledRoot,
    pub cache: Cache,
    cwd: PathBuf,
    toolchain: Toolchain,
    state: Library,
    _in_use: InUse,
}

/// Runs the user's command and ends as it does.
pub fn run(
    options: RunOptions,
    (subcommand, words): (Subcommand, Vec<OsString>),
) -> Result<ExitCode> {
    let RunOptions {
        common: options,
        known: known_options,
        report: report_options,
    } = options;
    let args = GoArgs::parse(subcommand, words)?;
    let mut prepared = match prepare(args, &options, Flavour::Plain)? {
        Ok(prepared) => prepared,
        Err(interrupted) => return Ok(exit_code(interrupted)),
    };
    let modules = match subcommand {
        Subcommand::Build => Vec::new(),
        Subcommand::Test | Subcommand::Run => known::modules(&prepared.invocation),
    };
    let mut known = Known::gather(&known_options, &modules)?;
    let gorace = std::env::var_os("GORACE").unwrap_or_default();
    prepared.set_test_key(known.test_key(gorace.as_bytes()))?;
    let is_json = prepared.args.is_on("json");
    let show = Show::of_run(report_options, is_json, &gorace)?;
    let folder = RunFolder::create(&prepared.cache, show.runtime_options(), &known.files())?;
    let live = show.start(folder.records_path());
    let status = spawn(&mut prepared.invocation.command(), &prepared.root)?;
    let records = collect(&folder);
    known.conclude(&records, options.quiet)?;
    live.finish(&records, options.quiet)?;
    prepared.check(status)?;
    if status.success() && known_options.fail_on_child && raced_in_child(&records) {
        messages::say("there are new races in child processes, and --fail-on-child is set");
        return Ok(ExitCode::from(exit_codes::FAILURE));
    }
    Ok(exit_code(status))
}

/// Finds the user's Go, and assembles and builds what `go` needs. If that was
/// interrupted, the user's command shall not start any more.
pub fn prepare(
    args: GoArgs,
    options: &Options,
    flavour: Flavour,
) -> Result<Result<Prepared, ExitStatus>> {
    let cwd = std::env::current_dir().context("cannot tell the current directory")?;
    let directory = args.directory(&cwd);
    if !directory.is_dir() {
        let source = std::io::ErrorKind::NotFound.into();
        return Err(Error::Chdir {
            path: directory,
            source,
        }
        .into());
    }
    let go = find_go(options.go.as_deref())?;
    let toolchain = Toolchain::query(&go, &directory)?;
    toolchain.check_supported()?;
    check_goflags(&toolchain.settings.goflags)?;

    let runtime = runtime::embedded();
    let cache = Cache::locate()?;
    let in_use = cache.enter()?;
    let assembly = Assembly {
        cache: &cache,
        toolchain: &toolchain,
        runtime,
        flavour,
    };
    let root = assembly.ensure(Sharing::HardLinks)?;
    if root.is_new && !options.quiet {
        root.note.warnings.iter().for_each(messages::warn);
    }
    let library = StdBuild::new(&cache, &root, &toolchain, runtime.marker);
    let invocation = Invocation::new(&args, &cwd, &root, &toolchain, &LinkFlags::default())?;
    let state = if library.is_verified() {
        Library::Verified
    } else {
        let build = library.build_command(&args, &invocation);
        build_library(&library, build, &toolchain, options)?
    };
    if let Library::Interrupted(status) = state {
        return Ok(Err(status));
    }
    Ok(Ok(Prepared {
        args,
        invocation,
        root,
        cache,
        cwd,
        toolchain,
        state,
        _in_use: in_use,
    }))
}

impl Prepared {
    /// Makes the text a part of test programs.
    pub fn set_test_key(&mut self, test_key: String) -> Result<()> {
        if !test_key.is_empty() {
            let link = LinkFlags { test_key };
            let (cwd, root) = (&self.cwd, &self.root);
            self.invocation = Invocation::new(&self.args, cwd, root, &self.toolchain, &link)?;
        }
        Ok(())
    }

    /// After the user's command: checks that what it built holds gosan's runtime.
    pub fn check(&self, status: ExitStatus) -> Result<()> {
        if !status.success() {
            return Ok(());
        }
        let marker = runtime::embedded().marker;
        if matches!(self.state, Library::Unknown) {
            StdBuild::new(&self.cache, &self.root, &self.toolchain, marker).verify()?;
        }
        outputs::check(&self.args, &self.invocation, marker)?;
        Ok(())
    }
}

/// Builds and checks the standard library.
fn build_library(
    library: &StdBuild,
    mut build: Command,
    toolchain: &Toolchain,
    options: &Options,
) -> Result<Library> {
    let text = format!(
        "building the standard library of {} for the first time, which can take 20 s",
        toolchain.version
    );
    let progress = Progress::start(&text, options.quiet);
    let built = signals::run(build.stderr(Stdio::null()));
    drop(progress);
    match built {
        Ok(status) if status.success() => {
            library.verify()?;
            Ok(Library::Verified)
        }
        Ok(status) if status.signal().is_some() => Ok(Library::Interrupted(status)),
        _ => Ok(Library::Unknown),
    }
}

/// Reads what the programs of the run have recorded.
pub fn collect(folder: &RunFolder) -> Records {
    let (records, errors) = folder.records();
    errors.iter().for_each(messages::warn);
    if !records.races.is_empty()
        && let Err(error) = folder.keep_records()
    {
        messages::warn(format_args!(
            "the records of this run are not kept: {error}"
        ));
    }
    records
}

/// Whether a race that counts happened in a process that one of the user's
/// programs started.
pub fn raced_in_child(records: &Records) -> bool {
    records.races.iter().any(|race| {
        let is_child = race.process.as_ref().is_some_and(|process| process.child);
        is_child && race.status == Status::New
    })
}

fn spawn(command: &mut Command, root: &AssembledRoot) -> Result<ExitStatus> {
    let program = root.go();
    Ok(signals::run(command).map_err(|source| Error::Spawn { program, source })?)
}

/// The code that stands for the way in which `go` ended.
pub fn exit_code(status: ExitStatus) -> ExitCode {
    let code = match (status.code(), status.signal()) {
        (Some(code), _) => code,
        (None, Some(signal)) => exit_codes::SIGNAL_BASE + signal,
        (None, None) => exit_codes::FAILURE.into(),
    };
    ExitCode::from(u8::try_from(code & 0xff).unwrap_or(exit_codes::FAILURE))
}
