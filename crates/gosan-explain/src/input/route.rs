//! Brings each line to the block that it belongs to.
//!
//! Several blocks can be open at once: those of the packages of a
//! `go test -json` stream, or of the containers of one log. A line is offered to
//! the open blocks, the newest first, and may then open a new one.

use std::collections::VecDeque;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::envelope::{self, Letter};
use super::prefix::Prefix;
use super::{stamp, text};
use crate::model::{Event, Problem};
use crate::parse::{Block, Fed, TRIGGERS};
use crate::record;

/// So many blocks are open at once; the oldest is then taken to be cut.
const MAX_OPEN: usize = 32;

/// So many lines without a block's prefix may come before it is given up: other
/// containers may be talkative.
const MAX_STRANGERS: u32 = 20_000;

/// A part of a line that a wrapper left unfinished is kept up to this length.
const MAX_PARTIAL: usize = 1 << 16;

/// The races of so many records are kept, to count those that are seen again.
const MAX_RECORDED: usize = 1000;

/// Finds what opens a block, or is one: the last needles are those of records.
pub static NEEDLES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let needles = TRIGGERS
        .iter()
        .map(|trigger| trigger.needle)
        .chain(record::NEEDLES);
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(needles)
        .expect("a few short needles make a small automaton")
});

/// Which lines are a block's.
enum Origin {
    /// Those with this decoration.
    Prefix(Prefix),
    /// Those of a wrapper's stream.
    Stream(String),
}

struct Open {
    origin: Origin,
    block: Block,
    /// What stood before the needle of its first line.
    before: String,
    /// Lines of its own stream that it did not understand, one after the other.
    foreign: u32,
    strangers: u32,
    time: Option<String>,
    test: Option<String>,
}

/// The open blocks, and what came of those that are closed.
#[derive(Default)]
pub struct Router {
    open: Vec<Open>,
    /// Beginnings of lines, by stream.
    partial: VecDeque<(String, String)>,
    /// The time of the newest line that had one.
    last_time: Option<String>,
    done: Vec<Event>,
    /// The races of the last process that records tell of, and their counts.
    recorded: Vec<(Problem, u64)>,
}

impl Router {
    /// Says whether lines without a needle are of no interest.
    pub fn is_idle(&self) -> bool {
        self.open.is_empty() && self.partial.is_empty()
    }

    /// Hands over what was found since it was last asked.
    pub fn take_events(&mut self) -> std::vec::Drain<'_, Event> {
        self.done.drain(..)
    }

    /// Looks only for a time: the line stands before one that is of interest.
    pub fn context(&mut self, bytes: &[u8]) {
        let bytes = &bytes[..bytes.len().min(400)];
        if let Some(time) = stamp::find(&String::from_utf8_lossy(bytes)) {
            self.last_time = Some(time.to_owned());
        }
    }

    /// Takes a line, without its line feed.
    pub fn line(&mut self, bytes: &[u8]) {
        let line = text::clean(bytes);
        if line.contains('{') {
            if let Some(line) = record::read(&line) {
                self.record(line);
                return;
            }
            if let Some(letter) = envelope::open(&line) {
                self.letter(letter);
                return;
            }
        }
        self.plain(&line);
    }

    /// A line of records: counts that it tells are of the races before it.
    fn record(&mut self, line: record::Line) {
        match line {
            record::Line::Process => self.recorded.clear(),
            record::Line::Race(event) => {
                if self.recorded.len() < MAX_RECORDED {
                    self.recorded.push((event.problem.clone(), event.count));
                }
                self.done.push(event);
            }
            record::Line::Repeat { race, count } => {
                let Some((problem, told)) = self.recorded.get_mut(race) else {
                    return;
                };
                if let Some(more) = count.checked_sub(*told).filter(|more| *more > 0) {
                    *told = count;
                    let mut event = Event::new(problem.clone(), None);
                    event.count = more;
                    self.done.push(event);
                }
            }
        }
    }

    /// The end of the log: what is open is cut.
    pub fn end(&mut self) {
        while let Some((stream, line)) = self.partial.pop_front() {
            self.stream_line(&stream, &line, None, None);
        }
        while !self.open.is_empty() {
            self.close(0);
        }
    }

    /// A line as it stands in the log.
    fn plain(&mut self, line: &str) {
        for index in (0..self.open.len()).rev() {
            let open = &mut self.open[index];
            let Origin::Prefix(prefix) = &open.origin else {
                continue;
            };
            // A logger may decorate the first line only.
            let own = prefix.strip(line);
            let fed = open.block.feed(own.unwrap_or(line));
            if self.fed(index, fed, own.is_some()) {
                return;
            }
        }
        self.give_up();
        self.open_at(line, None, None, None);
    }

    /// What a wrapper held.
    fn letter(&mut self, letter: Letter) {
        let Letter {
            stream,
            test,
            time,
            text,
            closed,
        } = letter;
        if text.is_empty() {
            return;
        }
        if closed {
            // One text is one stream.
            let stream = format!("{stream}\u{0}closed");
            for line in text.lines() {
                self.stream_line(&stream, line, test.as_deref(), time.as_deref());
            }
            while let Some(index) = self.of_stream(&stream) {
                self.close(index);
            }
            return;
        }
        let mut text = text.as_str();
        let known = self.partial.iter().position(|(key, _)| *key == stream);
        let mut whole;
        if let Some((_, begun)) = known.and_then(|index| self.partial.remove(index)) {
            whole = begun;
            whole.push_str(text);
            text = &whole;
        }
        while let Some((line, rest)) = text.split_once('\n') {
            self.stream_line(&stream, line, test.as_deref(), time.as_deref());
            text = rest;
        }
        let of_interest = !text.is_empty() && text.len() < MAX_PARTIAL;
        if of_interest && (self.of_stream(&stream).is_some() || NEEDLES.is_match(text)) {
            if self.partial.len() == MAX_OPEN {
                self.partial.pop_front();
            }
            let rest = text.to_owned();
            self.partial.push_back((stream, rest));
        }
    }

    fn of_stream(&self, stream: &str) -> Option<usize> {
        self.open
            .iter()
            .position(|open| matches!(&open.origin, Origin::Stream(key) if key == stream))
    }

    fn stream_line(&mut self, stream: &str, line: &str, test: Option<&str>, time: Option<&str>) {
        let line = text::clean(line.as_bytes());
        if let Some(index) = self.of_stream(stream) {
            let fed = self.open[index].block.feed(&line);
            if self.fed(index, fed, true) {
                return;
            }
        }
        self.give_up();
        self.open_at(&line, Some(stream), test, time);
    }

    /// Draws the conclusion from a parser's answer; true if the line was taken.
    fn fed(&mut self, index: usize, fed: Fed, own: bool) -> bool {
        let open = &mut self.open[index];
        match fed {
            Fed::Taken => {
                open.foreign = 0;
                true
            }
            Fed::Last => {
                self.close(index);
                true
            }
            Fed::Foreign => {
                if own {
                    open.foreign += 1;
                } else {
                    open.strangers += 1;
                }
                false
            }
        }
    }

    /// Closes blocks whose end does not come.
    fn give_up(&mut self) {
        let mut index = 0;
        while let Some(open) = self.open.get(index) {
            if open.foreign > open.block.patience() || open.strangers > MAX_STRANGERS {
                self.close(index);
            } else {
                index += 1;
            }
        }
    }

    /// Opens a block if the line is the first of one.
    fn open_at(
        &mut self,
        line: &str,
        stream: Option<&str>,
        test: Option<&str>,
        time: Option<&str>,
    ) {
        for found in NEEDLES.find_iter(line) {
            let Some(trigger) = TRIGGERS.get(found.pattern().as_usize()) else {
                continue;
            };
            let (before, rest) = line.split_at(found.start());
            if stream.is_none() && self.goes_on(before, rest) {
                return;
            }
            let Some(block) = (trigger.open)(before, rest) else {
                continue;
            };
            if stream.is_none()
                && let Some(text) = envelope::quoted_block(line, found.start())
            {
                let time = stamp::find(line).map(str::to_owned);
                self.letter(Letter {
                    stream: "quoted".to_owned(),
                    test: None,
                    time,
                    text,
                    closed: true,
                });
                return;
            }
            let origin = match stream {
                Some(stream) => Origin::Stream(stream.to_owned()),
                None => Origin::Prefix(Prefix::learn(before)),
            };
            let own_time = time.or_else(|| stamp::find(before)).map(str::to_owned);
            let time = own_time.or_else(|| self.last_time.clone());
            self.replace(&origin);
            self.open.push(Open {
                origin,
                block,
                before: before.to_owned(),
                foreign: 0,
                strangers: 0,
                time,
                test: test.map(str::to_owned),
            });
            if self.open.len() > MAX_OPEN {
                self.close(0);
            }
            return;
        }
    }

    /// A message may have had words of its logger in front, which the stacks that
    /// follow do not have: then their prefix is the block's.
    fn goes_on(&mut self, before: &str, rest: &str) -> bool {
        let prefix = Prefix::learn(before);
        for index in (0..self.open.len()).rev() {
            let open = &mut self.open[index];
            let Block::Crash(crash) = &open.block else {
                continue;
            };
            if !crash.awaits_stacks() || prefix.strip(&open.before).is_none() {
                continue;
            }
            let fed = open.block.feed(rest);
            if fed != Fed::Foreign {
                open.origin = Origin::Prefix(prefix);
                return self.fed(index, fed, true);
            }
        }
        false
    }

    /// A block that begins ends the one before it with the same decoration.
    fn replace(&mut self, origin: &Origin) {
        let same = |open: &Open| match (&open.origin, origin) {
            (Origin::Prefix(one), Origin::Prefix(other)) => one == other,
            (Origin::Stream(one), Origin::Stream(other)) => one == other,
            _ => false,
        };
        while let Some(index) = self.open.iter().position(same) {
            self.close(index);
        }
    }

    fn close(&mut self, index: usize) {
        let open = self.open.remove(index);
        let time = open.time;
        let problems = open.block.finish(open.test);
        self.done.extend(
            problems
                .into_iter()
                .map(|problem| Event::new(problem, time.clone())),
        );
    }
}
