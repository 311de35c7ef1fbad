//! What is settled before the first race: the options, the files that they
//! name, and where records go.

use super::classic::Text;
use super::process::{self, Identity};
use super::sink::Sink;
use super::suppressions::Suppressions;
use super::{REPORTER, Reporter, STDERR, known, read_file};
use crate::options::Options;
use crate::{allocations, go, ids, locks, sys};
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::fmt::Write;

/// The exit code where the program cannot start.
const CANNOT_START: i32 = 1;

/// Takes over the options of a waiting `gosan` and those in GORACE, and says
/// what is wrong with them.
pub fn start(gorace: &[u8]) {
    let lineage = process::lineage();
    let run = process::waiting_run(go::runs(), &lineage);
    let mut options = Options::default();
    let in_run = |name: &[u8]| {
        let path = [&run.as_ref()?.0[..], b"/", name].concat();
        read_file(&path).map(|text| (path, text))
    };
    if let Some((_, text)) = in_run(b"options") {
        options.add(&text);
    }
    options.add(gorace);
    warn_of_unknown(&options);
    if options.reclaim_after != 0 {
        ids::reclaim_after(options.reclaim_after);
    }

    let mut reporter = REPORTER.lock();
    reporter.suppressions = read_rules(&options.suppressions, b"suppressions file", |text| {
        Suppressions::parse(text)
    });
    let mut baseline = BTreeSet::new();
    for path in &options.baseline {
        read_rules(path, b"baseline", |text| {
            known::read_baseline(text, &mut baseline)
        });
    }
    let mut ignored = Vec::new();
    // Both were written by `gosan`, which has checked them.
    if let Some((_, text)) = in_run(b"baseline") {
        let _ = known::read_baseline(&text, &mut baseline);
    }
    if let Some((_, text)) = in_run(b"ignored") {
        let _ = known::read_ignored(&text, &mut ignored);
    }
    reporter.baseline = baseline;
    reporter.ignored = ignored;
    let records = run
        .as_ref()
        .map(|(path, _)| [&path[..], b"/records"].concat());
    let generations = run.as_ref().map_or(lineage.len(), |(_, index)| *index);
    open_records(&mut reporter, &options, records, &lineage[..generations]);
    let named = options.baseline.iter().chain([&options.suppressions]);
    let named = named.filter(|path| !path.is_empty());
    reporter.inputs = named.map(|path| &*path.clone().leak()).collect();
    follow(&options);
    reporter.options = Some(options);
}

/// Begins to follow what reports say beyond the accesses; Go's hooks for it do
/// nothing otherwise.
fn follow(options: &Options) {
    let locks = options.locks && locks::follow();
    let allocations = options.allocs && allocations::keep();
    if (locks, allocations) != (options.locks, options.allocs) {
        let text =
            b"gosan: no address space for `locks` or `allocs`; is it limited by `ulimit -v`?\n";
        sys::write_all(STDERR, text);
    }
    go::set_followed(locks, allocations);
}

/// Opens what the user named and what a waiting `gosan` reads.  That the first
/// is refused is said; a child that may not write to the second, as another
/// user for instance, has nobody to tell.
fn open_records(
    reporter: &mut Reporter,
    options: &Options,
    run: Option<Vec<u8>>,
    family: &[Identity],
) {
    let mut directories: Vec<Vec<u8>> = options.record_path.iter().map(|p| absolute(p)).collect();
    let named = directories.len();
    directories.extend(run);
    if directories.is_empty() {
        return;
    }
    let (sink, refused) = Sink::create(&directories, family);
    reporter.sink = sink;
    for directory in refused {
        if directories[..named].iter().any(|named| named == directory) {
            let mut text = Text::default();
            let name = directory.escape_ascii();
            let _ = writeln!(text, "gosan: cannot write records of races to {name}");
            sys::write_all(STDERR, &text.0);
        }
    }
}

/// The program may change its directory before it races.
fn absolute(path: &[u8]) -> Vec<u8> {
    match path.first() {
        Some(b'/') => path.to_vec(),
        _ => [&process::directory()[..], b"/", path].concat(),
    }
}

/// Reads a file that the user named; ends the program where that is not
/// possible, since it would tell other races than was asked for.
fn read_rules<T: Default>(
    path: &[u8],
    what: &[u8],
    parse: impl FnOnce(&[u8]) -> Result<T, usize>,
) -> T {
    if path.is_empty() {
        return T::default();
    }
    let (name, what) = (path.escape_ascii(), what.escape_ascii());
    let mut text = Text::default();
    let _ = match read_file(path).map(|text| parse(&text)) {
        Some(Ok(rules)) => return rules,
        Some(Err(line)) => writeln!(text, "gosan: {name}:{line}: not a line of a {what}"),
        None => writeln!(text, "gosan: cannot read the {what} {name}"),
    };
    sys::write_all(STDERR, &text.0);
    sys::exit(CANNOT_START)
}

fn warn_of_unknown(options: &Options) {
    let mut text = Text::default();
    for name in &options.unknown {
        text.0
            .extend_from_slice(b"gosan: GORACE: unknown option or value: ");
        text.0.extend_from_slice(name);
        text.0.push(b'\n');
    }
    sys::write_all(STDERR, &text.0);
}
