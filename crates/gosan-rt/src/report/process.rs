//! Who this process is and who started it, from /proc, and which `gosan`, if
//! any, is waiting for it.
//!
//! A `gosan` that runs a program leaves a folder in its cache under its own
//! process number and start time.  A program finds it by going up its chain of
//! parents.  So nothing has to be handed down in the environment: the program
//! sees no variable that is not its own, and a child whose environment its
//! parent replaced is found as well.  Not found are processes whose parent
//! ended before they started, as daemons have it, and those in another PID
//! namespace or on another machine.

use crate::report::read_file;
use crate::sys;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use gosan_wire::{Parent, Process};

use super::classic::Text;

/// How far up the parents are followed.
const GENERATIONS: usize = 64;

/// A process by number and start time, which together never come again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// Its number.
    pub pid: u32,
    /// In ticks since the system started.
    started: u64,
}

impl Identity {
    /// Adds the name that files of this process have.
    pub fn write_to(self, path: &mut Text) {
        let _ = write!(path, "{}-{}", self.pid, self.started);
    }
}

/// This process and all that it descends from, itself first.
pub fn lineage() -> Vec<Identity> {
    let mut lineage = Vec::new();
    let mut pid = sys::pid();
    while pid != 0 && lineage.len() < GENERATIONS {
        let Some((parent, started)) = proc_file(pid, "stat").and_then(|text| stat(&text)) else {
            break;
        };
        lineage.push(Identity { pid, started });
        pid = parent;
    }
    lineage
}

/// The parent's number and the start time, from the text of /proc/PID/stat.
fn stat(text: &[u8]) -> Option<(u32, u64)> {
    /// Counted from the state, the first field behind the name.
    const PARENT: usize = 1;
    const STARTED: usize = 19;
    // The name is in parentheses and may hold anything, parentheses too.
    let behind = text.iter().rposition(|byte| *byte == b')')? + 1;
    let text = core::str::from_utf8(&text[behind..]).ok()?;
    let mut fields = text.split_ascii_whitespace();
    let parent = fields.nth(PARENT)?.parse().ok()?;
    let started = fields.nth(STARTED - PARENT - 1)?.parse().ok()?;
    Some((parent, started))
}

/// The folder that a waiting `gosan` keeps for its run, and which of the
/// lineage that `gosan` is.
pub fn waiting_run(runs: &[u8], lineage: &[Identity]) -> Option<(Vec<u8>, usize)> {
    if runs.is_empty() {
        return None;
    }
    lineage.iter().enumerate().skip(1).find_map(|(index, who)| {
        let mut path = Text(runs.to_vec());
        path.0.push(b'/');
        who.write_to(&mut path);
        let options = [&path.0, &b"/options\0"[..]].concat();
        sys::is_readable(&options).then_some((path.0, index))
    })
}

/// What the records say of this process.
pub fn describe(parents: &[Identity], child: bool, go_version: &[u8]) -> Process {
    Process {
        pid: sys::pid(),
        started_ms: sys::now_ms(),
        command: command(sys::pid()),
        directory: text(&directory()),
        go: text(go_version),
        gosan: env!("CARGO_PKG_VERSION").into(),
        child,
        parents: parents
            .iter()
            .map(|who| Parent {
                pid: who.pid,
                command: command(who.pid),
            })
            .collect(),
    }
}

/// The directory that the process is in.
pub fn directory() -> Vec<u8> {
    sys::read_link(b"/proc/self/cwd\0").unwrap_or_default()
}

fn command(pid: u32) -> Vec<String> {
    let all = proc_file(pid, "cmdline").unwrap_or_default();
    let all = all.strip_suffix(b"\0").unwrap_or(&all);
    all.split(|byte| *byte == 0).map(text).collect()
}

fn proc_file(pid: u32, name: &str) -> Option<Vec<u8>> {
    let mut path = Text::default();
    let _ = write!(path, "/proc/{pid}/{name}");
    read_file(&path.0)
}

/// Bytes as text; what is not UTF-8 is replaced.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_may_hold_anything() {
        let text = b"7 (a) R 1 (b) S 42 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654 1 2";
        assert_eq!(stat(text), Some((42, 987_654)));
        assert_eq!(stat(b"7 (a"), None);
    }

    #[test]
    fn a_process_knows_itself_and_its_parents() {
        let lineage = lineage();
        assert_eq!(lineage[0].pid, sys::pid());
        assert_eq!(lineage[1].pid, std::os::unix::process::parent_id());
        let told = describe(&lineage[1..], false, b"go1.26.0");
        let here = std::env::current_dir().unwrap();
        assert_eq!(told.directory, here.to_str().unwrap());
        assert_eq!(told.command[0], std::env::args().next().unwrap());
        assert!(!told.parents[0].command.is_empty());
    }

    #[test]
    fn a_waiting_run_is_found_by_its_folder() {
        let dir = std::env::temp_dir().join(std::format!("gosan-runs-{}", sys::pid()));
        let runs = dir.as_os_str().as_encoded_bytes();
        let lineage = lineage();
        assert_eq!(waiting_run(runs, &lineage), None);
        let mut name = Text::default();
        lineage[1].write_to(&mut name);
        let folder = dir.join(core::str::from_utf8(&name.0).unwrap());
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("options"), "print=0").unwrap();
        let found = waiting_run(runs, &lineage).unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
        assert_eq!(found, (folder.into_os_string().into_encoded_bytes(), 1));
    }
}
