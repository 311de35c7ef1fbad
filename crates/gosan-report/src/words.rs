//! Sentences about a race, in the words of whoever wrote the program.

use gosan_wire::owner::Owner;
use gosan_wire::{Frame, Goroutine, LockMode, Object, ObjectKind, Race};

use crate::frames;
use crate::model::{Finding, Side};
use crate::paths::Paths;

/// The number of the main goroutine.
const MAIN: u64 = 1;

/// One sentence: what is raced on, and what both sides do to it.
pub fn headline(race: &Race, sides: &[Side; 2]) -> String {
    let subject = subject(race, sides);
    let is_atomic = |side: &Side| side.deed.is_atomic();
    let mixed = is_atomic(&sides[0]) != is_atomic(&sides[1]);
    let [earlier, later] = sides
        .each_ref()
        .map(|side| match mixed && !is_atomic(side) {
            true => format!("{} plainly", side.deed.done),
            false => side.deed.done.to_owned(),
        });
    let who = match earlier == later {
        true => format!("{later} by two goroutines"),
        false => format!("{earlier} by one goroutine and {later} by another"),
    };
    format!("{subject} is {who}, and nothing orders them")
}

/// What is raced on, as the source calls it.
fn subject(race: &Race, sides: &[Side; 2]) -> String {
    let kind = match race.object.kind {
        ObjectKind::Map => "the map ",
        ObjectKind::Channel => "the channel ",
        _ => "",
    };
    if let Some(symbol) = &race.object.symbol {
        return format!("{kind}`{}`", frames::short(symbol));
    }
    let named = sides
        .iter()
        .filter(|side| side.place == 0 || !kind.is_empty())
        .filter_map(|side| side.excerpt.as_ref()?.expression.as_deref())
        .map(|expression| match race.object.kind {
            ObjectKind::Map | ObjectKind::Channel => operand(expression),
            _ => expression,
        })
        .filter(|name| is_name(name))
        .min_by_key(|name| name.len());
    match (named, race.object.kind) {
        (Some(name), _) => format!("{kind}`{name}`"),
        (None, ObjectKind::Map) => "a map".to_owned(),
        (None, ObjectKind::Channel) => "a channel".to_owned(),
        (None, ObjectKind::Slice) => "a slice".to_owned(),
        (None, ObjectKind::Heap) => match race.object.size {
            Some(size) => format!("an object of {}", bytes(size)),
            None => "an object".to_owned(),
        },
        (None, _) => "a variable".to_owned(),
    }
}

/// The map or channel that an operation is on: the `c.values` of
/// `c.values[key]`, and of `delete(c.values, key)`, `<-c.values`, `c.values <- 1`.
fn operand(expression: &str) -> &str {
    let argument = ["close(", "delete(", "clear("]
        .iter()
        .find_map(|call| expression.strip_prefix(call)?.split([',', ')']).next());
    if let Some(argument) = argument {
        return argument;
    }
    match expression.split_once("<-") {
        Some(("", channel)) | Some((channel, _)) => channel.trim(),
        None => expression
            .strip_suffix(']')
            .and_then(|inner| Some(&inner[..inner.rfind('[')?]))
            .unwrap_or(expression),
    }
}

/// Calls and the like would make a strange subject of a sentence.
fn is_name(expression: &str) -> bool {
    !expression.is_empty()
        && !expression.contains(|c: char| c.is_whitespace() || matches!(c, '(' | '{' | '`'))
}

/// `goroutine 18`, `the main goroutine`, with the test if it is the test's own.
pub fn goroutine(id: u64, about: Option<&Goroutine>) -> String {
    let name = match id {
        MAIN => "the main goroutine".to_owned(),
        id => format!("goroutine {id}"),
    };
    match about.and_then(own_test) {
        Some(test) => format!("{name} ({test})"),
        None => name,
    }
}

/// The test that a goroutine runs; those that a test starts only belong to it.
pub fn own_test(goroutine: &Goroutine) -> Option<&str> {
    let test = goroutine.test.as_deref()?;
    frames::is_start_of_test(goroutine).then_some(test)
}

/// One side in a sentence: `(2) goroutine 18: map read at config.go:31 in f`.
pub fn side(finding: &Finding, side: &Side, paths: &Paths) -> String {
    let access = finding.access(side);
    let by = goroutine(access.goroutine, finding.goroutine(access.goroutine));
    let place = at(&access.stack, paths).map(|place| format!(" at {place}"));
    let Side { number, deed, .. } = side;
    format!(
        "({number}) {by}: {}{}",
        deed.noun,
        place.unwrap_or_default()
    )
}

/// `shop/cart.go:31`.
pub fn location(frame: &Frame, paths: &Paths) -> String {
    format!("{}:{}", file(frame, paths), frame.line)
}

/// The name of a frame's file, without what is the same for all of its kind:
/// where Go's library and the dependencies lie.
pub fn file<'a>(frame: &'a Frame, paths: &Paths) -> &'a str {
    let file = frame.file.as_str();
    let after = |mark: &str| file.find(mark).map(|at| &file[at + mark.len()..]);
    let shortened = match frames::owner(frame) {
        Owner::User => None,
        Owner::Runtime | Owner::Std => after("/src/"),
        Owner::Library => after("/pkg/mod/"),
    };
    shortened.unwrap_or_else(|| paths.for_people(file))
}

/// Where something happened, to be read in a sentence: the frame that a person
/// wants to see.
pub fn at(stack: &[Frame], paths: &Paths) -> Option<String> {
    let frame = stack.get(frames::place(stack))?;
    let function = frames::short(&frame.function);
    Some(format!("{} in {function}", location(frame, paths)))
}

/// What is known of the thing that is raced on; None if nothing is.
pub fn object(object: &Object, paths: &Paths) -> Option<String> {
    let what = match (object.kind, &object.symbol) {
        (ObjectKind::Global, Some(symbol)) => format!("the variable {symbol}"),
        (ObjectKind::Global, None) => "a package's variable".to_owned(),
        (ObjectKind::Map, _) => "a map".to_owned(),
        (ObjectKind::Channel, _) => "a channel".to_owned(),
        (ObjectKind::Slice, _) => "a slice's elements".to_owned(),
        (ObjectKind::Heap, _) => "an object on the heap".to_owned(),
        (ObjectKind::Unknown, _) => return None,
    };
    let size = object.size.map(|size| format!(" of {}", bytes(size)));
    // The inside of a map or channel means nothing to whoever uses it.
    let offset = match (object.kind, object.offset) {
        (ObjectKind::Global | ObjectKind::Heap, Some(offset)) if offset > 0 => {
            Some(format!(", at its byte {offset}"))
        }
        _ => None,
    };
    let by = object
        .goroutine
        .map(|id| format!(" by {}", goroutine(id, None)));
    let allocated = at(&object.allocated_at, paths)
        .map(|place| format!(", allocated at {place}{}", by.unwrap_or_default()));
    if size.is_none() && allocated.is_none() && object.symbol.is_none() {
        return None;
    }
    let parts = [Some(what), size, offset, allocated];
    Some(parts.into_iter().flatten().collect())
}

/// The locks that a side held, as a sentence; None where locks were not
/// followed.
pub fn locks(finding: &Finding, side: &Side, paths: &Paths) -> Option<String> {
    let held = finding.locks(side)?;
    if held.is_empty() {
        return Some(format!("({}) held no lock", side.number));
    }
    let each = held.iter().map(|lock| {
        let how = match lock.mode {
            LockMode::Exclusive => "",
            LockMode::Shared => " for reading",
        };
        let place = at(&lock.taken_at, paths).map(|place| format!(", taken at {place}"));
        format!(
            "the lock {}{how}{}",
            lock.address,
            place.unwrap_or_default()
        )
    });
    let each: Vec<_> = each.collect();
    Some(format!("({}) held {}", side.number, each.join("; ")))
}

/// The test, or the program, in which a race was seen.
pub fn test_or_program(finding: &Finding) -> Option<String> {
    let mut names = finding
        .tests
        .iter()
        .filter(|name| !name.test.is_empty())
        .map(|name| match name.package.as_str() {
            "" => name.test.clone(),
            package => format!("{} ({package})", name.test),
        });
    match (names.next(), names.count()) {
        (Some(first), 0) => Some(format!("in {first}")),
        (Some(first), 1) => Some(format!("in {first} and one more test")),
        (Some(first), more) => Some(format!("in {first} and {more} more tests")),
        (None, _) => {
            let process = finding.race.process.as_ref()?;
            Some(format!("in the process `{}`", process.command.join(" ")))
        }
    }
}

/// A number with its noun.
pub fn count(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

fn bytes(size: u64) -> String {
    count(size, "byte", "bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_on_its_operand() {
        for (expression, on) in [
            ("c.values[key]", "c.values"),
            ("c.values[\"a\"]", "c.values"),
            ("delete(m, key)", "m"),
            ("clear(m)", "m"),
            ("close(c.done)", "c.done"),
            ("<-c.queue", "c.queue"),
            ("c.queue <- 1", "c.queue"),
            ("c.values", "c.values"),
        ] {
            assert_eq!(operand(expression), on);
        }
    }
}
