//! Looks for the runtime's marker in a binary or an archive.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// How much of a file is held in memory at a time.
const CHUNK: usize = 1 << 20;

/// Whether the file holds the marker anywhere. The file is read in pieces that
/// overlap by the marker's length, so that a large binary costs little memory.
pub fn file_contains(path: &Path, marker: &[u8]) -> io::Result<bool> {
    contains(&mut File::open(path)?, marker)
}

fn contains(input: &mut dyn Read, marker: &[u8]) -> io::Result<bool> {
    let finder = memchr::memmem::Finder::new(marker);
    let keep = marker.len().saturating_sub(1);
    let mut buffer = vec![0; CHUNK + keep];
    let mut filled = 0;
    loop {
        let read = match input.read(&mut buffer[filled..]) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if read == 0 {
            return Ok(false);
        }
        filled += read;
        if finder.find(&buffer[..filled]).is_some() {
            return Ok(true);
        }
        let start = filled.saturating_sub(keep);
        buffer.copy_within(start..filled, 0);
        filled -= start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hands out its bytes a few at a time.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(out.len());
            out[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    #[test]
    fn finds_a_marker_across_every_border() {
        for step in 1..12 {
            let text = b"....gosan-marker....";
            assert!(contains(&mut Slow(text, step), b"gosan-marker").unwrap());
            assert!(!contains(&mut Slow(text, step), b"gosan_marker").unwrap());
        }
    }

    #[test]
    fn finds_a_marker_behind_a_chunk() {
        let mut bytes = vec![b'g'; CHUNK - 3];
        bytes.extend_from_slice(b"gosan");
        assert!(contains(&mut bytes.as_slice(), b"gosan").unwrap());
        bytes.pop();
        assert!(!contains(&mut bytes.as_slice(), b"gosan").unwrap());
    }
}
