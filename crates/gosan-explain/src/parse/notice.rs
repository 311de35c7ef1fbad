//! Messages of one line.

use super::stack::file_line;
use crate::model::{Frame, Notice, Problem};

/// A message that was read.
pub struct Reader(Notice);

impl Reader {
    /// `superfluous response.WriteHeader call from main.f (main.go:12)`.
    pub fn superfluous(rest: &str) -> Self {
        let frame = rest.split_once("call from ").and_then(|(_, place)| {
            let (function, place) = place.split_once(" (")?;
            let (file, line) = file_line(place.split(')').next()?)?;
            Some(Frame::new(function, file, line))
        });
        Self(Notice {
            message: "superfluous response.WriteHeader call".to_owned(),
            frame,
        })
    }

    /// `fatal error: newproc: function arguments too large for new goroutine`,
    /// and what the compiler says of it: `./a.go:7:5: go statement …`.
    pub fn too_large(before: &str, _rest: &str) -> Self {
        let frame = before
            .split_whitespace()
            .find_map(|word| file_line(word.trim_end_matches(':')))
            .map(|(file, line)| Frame::new("", file, line));
        Self(Notice {
            message: "newproc: function arguments too large for new goroutine".to_owned(),
            frame,
        })
    }

    pub fn finish(self) -> Problem {
        Problem::Notice(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where() {
        let Problem::Notice(notice) = Reader::superfluous(
            "superfluous response.WriteHeader call from main.(*app).serve (main.go:12)",
        )
        .finish() else {
            panic!();
        };
        assert_eq!(
            notice.frame,
            Some(Frame::new("main.(*app).serve", "main.go", 12))
        );
    }
}
