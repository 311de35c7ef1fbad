//! Goroutine profiles as text: `/debug/pprof/goroutine?debug=1`. With `debug=2`
//! they are goroutine dumps.

use super::Fed;
use super::crash::stuck;
use crate::frames::normal_function;
use crate::model::{Frame, Goroutines, Problem};

/// So many places are kept.
const MAX_PLACES: usize = 4096;

/// A profile that is being read.
pub struct Reader {
    total: u64,
    places: Vec<Goroutines>,
}

impl Reader {
    /// Opens at `goroutine profile: total 103`.
    pub fn open(rest: &str) -> Option<Self> {
        let total = rest.rsplit(' ').next()?.trim().parse().ok()?;
        Some(Self {
            total,
            places: Vec::new(),
        })
    }

    pub fn feed(&mut self, line: &str) -> Fed {
        let line = line.trim();
        if line.is_empty() || line.starts_with("# labels:") {
            return Fed::Taken;
        }
        if let Some(rest) = line.strip_prefix('#') {
            return match (frame(rest), self.places.last_mut()) {
                (Some(frame), Some(place)) => {
                    place.stack.push(frame);
                    Fed::Taken
                }
                _ => Fed::Foreign,
            };
        }
        let count = line
            .split_once(" @ ")
            .and_then(|(count, _)| count.parse().ok());
        match count {
            Some(count) if self.places.len() < MAX_PLACES => {
                self.places.push(Goroutines {
                    count,
                    ..Goroutines::default()
                });
                Fed::Taken
            }
            Some(_) => Fed::Taken,
            None => Fed::Foreign,
        }
    }

    pub fn finish(self) -> Vec<Problem> {
        stuck(self.places, self.total)
    }
}

/// Reads `\t0x6f6a64\tmain.ask.func1+0x24\t\t/src/a.go:14`.
fn frame(line: &str) -> Option<Frame> {
    let mut words = line.split_whitespace();
    words.next()?.strip_prefix("0x")?;
    let function = words.next()?;
    let place = words.collect::<Vec<_>>().join(" ");
    let (file, number) = place.rsplit_once(':')?;
    let function = match function.rfind("+0x") {
        Some(at) => &function[..at],
        None => function,
    };
    Some(Frame::new(
        &normal_function(function),
        file,
        number.parse().ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_profile() {
        let mut reader = Reader::open("goroutine profile: total 103").unwrap();
        for line in [
            "100 @ 0x43e0d6 0x40c8ed",
            "# labels: {\"a\":\"b\"}",
            "#\t0x6f6a64\tmain.ask.func1+0x24\t\t/src/a b.go:14",
            "",
            "1 @ 0x43e0d6",
            "#\t0x6f6a64\tmain.main+0x24\t/src/a.go:3",
        ] {
            assert_eq!(reader.feed(line), Fed::Taken, "{line}");
        }
        assert_eq!(reader.feed("other"), Fed::Foreign);
        let problems = reader.finish();
        let [Problem::Stuck(stuck)] = problems.as_slice() else {
            panic!("{problems:?}");
        };
        assert_eq!((stuck.goroutines.count, stuck.total), (100, 103));
        assert_eq!(
            stuck.goroutines.stack,
            [Frame::new("main.ask.func1", "/src/a b.go", 14)]
        );
    }
}
