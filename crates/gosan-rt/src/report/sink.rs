//! The files that records go to: one for each process in each directory that
//! wants them.
//!
//! A line is appended by one system call and the file closed again: the program
//! sees no descriptor that is not its own, and a process that is killed leaves
//! all that it wrote.

use super::classic::Text;
use super::process::{self, Identity};
use crate::{go, sys};
use alloc::vec::Vec;
use gosan_wire::{Line, write};

const EEXIST: i32 = -17;

/// Where this process's records go.
pub struct Sink {
    /// Paths that end with NUL.
    files: Vec<Vec<u8>>,
}

impl Sink {
    /// No records are wanted.
    pub const NONE: Sink = Sink { files: Vec::new() };

    /// Creates this process's file in each directory, and says who it is.
    /// `family` is this process and who started it.  With the directories that
    /// cannot be written to.
    pub fn create<'a>(directories: &'a [Vec<u8>], family: &[Identity]) -> (Sink, Vec<&'a [u8]>) {
        let mut sink = Sink::NONE;
        let mut refused = Vec::new();
        let Some((this, parents)) = family.split_first() else {
            return (sink, directories.iter().map(Vec::as_slice).collect());
        };
        for directory in directories {
            let made = sys::make_directory(&[directory, &b"\0"[..]].concat());
            let usable = made == 0 || made == EEXIST;
            let has_file = |who: &Identity| sys::is_readable(&file_of(*who, directory));
            let child = usable && parents.iter().any(has_file);
            let header = Line::Process(process::describe(parents, child, go::version()));
            let path = file_of(*this, directory);
            if usable && sys::append(&path, &write::line(&header)) {
                sink.files.push(path);
            } else {
                refused.push(directory.as_slice());
            }
        }
        (sink, refused)
    }

    /// Whether records are wanted.
    pub fn is_wanted(&self) -> bool {
        !self.files.is_empty()
    }

    /// Writes a line to each file.  False if none took it.
    pub fn write(&self, line: &Line) -> bool {
        let line = write::line(line);
        let taken = self.files.iter().filter(|file| sys::append(file, &line));
        taken.count() > 0
    }
}

/// The path of a process's file, with NUL.
fn file_of(who: Identity, directory: &[u8]) -> Vec<u8> {
    let mut path = Text(directory.to_vec());
    path.0.push(b'/');
    who.write_to(&mut path);
    path.0.extend_from_slice(b".jsonl\0");
    path.0
}
