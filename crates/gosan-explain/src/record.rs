//! gosan's own records of races: JSON, one a line.
//!
//! Read by field names, so that a record of another version is read as far as it
//! can be. A line that only looks like one is left to the other parsers.

use serde_json::Value;

use crate::model::{Access, Event, Frame, Operation, Problem, Race};

/// What stands in every line of records, and in hardly any other.
pub const NEEDLES: [&str; 2] = ["\"fingerprint\"", "\"process\":{\"pid\""];

/// A line of a file of records.
pub enum Line {
    /// A process: its races follow.
    Process,
    Race(Event),
    /// How often one of the process's races was seen so far.
    Repeat {
        race: usize,
        count: u64,
    },
}

/// Reads a line of records.
pub fn read(line: &str) -> Option<Line> {
    // What passes lines on may have put something before.
    let line = line[line.find('{')?..].trim_end();
    let told = line.ends_with('}') && line.contains("\"schema\"");
    if !told || !NEEDLES.iter().any(|needle| line.contains(needle)) {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    value.get("schema")?;
    if value.get("process").is_some_and(Value::is_object) {
        return Some(Line::Process);
    }
    if let Some(repeat) = value.get("repeat") {
        let number = |key: &str| repeat.get(key).and_then(Value::as_u64);
        return Some(Line::Repeat {
            race: usize::try_from(number("race")?).ok()?,
            count: number("count")?,
        });
    }
    event(&value).map(Line::Race)
}

/// Reads a record.
pub fn event(value: &Value) -> Option<Event> {
    value.get("schema")?;
    let accesses: Vec<Access> = value
        .get("accesses")?
        .as_array()?
        .iter()
        .enumerate()
        .filter_map(|(index, access)| self::access(index, access, value))
        .collect();
    if accesses.is_empty() {
        return None;
    }
    let text = |key: &str| Some(value.get(key)?.as_str()?.to_owned());
    let race = Race {
        accesses,
        test: text("test"),
        package: text("package"),
        object: value.get("object").and_then(object),
    };
    let mut event = Event::new(Problem::Race(race), None);
    let count = value.get("count").and_then(Value::as_u64);
    event.count = count.unwrap_or(1).max(1);
    Some(event)
}

fn access(index: usize, value: &Value, record: &Value) -> Option<Access> {
    let writes = value.get("op")?.as_str()? == "write";
    let atomic = value.get("atomic") == Some(&Value::Bool(true));
    let operation = match (writes, atomic) {
        (true, true) => Operation::AtomicWrite,
        (true, false) => Operation::Write,
        (false, true) => Operation::AtomicRead,
        (false, false) => Operation::Read,
    };
    let goroutine = value.get("goroutine").and_then(Value::as_u64);
    let address = value.get("address").and_then(Value::as_str);
    let described = record
        .get("goroutines")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|described| described.get("id").and_then(Value::as_u64) == goroutine);
    let created = described.and_then(|described| described.get("created_at"));
    let locks = record
        .get("locks")
        .and_then(|locks| locks.get(index)?.as_array())
        .into_iter()
        .flatten()
        .map(lock)
        .collect();
    Some(Access {
        operation,
        // The first one is the main goroutine.
        goroutine: goroutine.filter(|id| *id != 1),
        address: address
            .and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok()),
        stack: value.get("stack").map(frames).unwrap_or_default(),
        created: created.map(frames).unwrap_or_default(),
        locks,
    })
}

/// A lock in a few words: its address and how it was held.
fn lock(value: &Value) -> String {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    match (text("address"), text("mode")) {
        (Some(address), Some(mode)) => format!("{address} ({mode})"),
        (Some(address), None) => address.to_owned(),
        _ => value.to_string(),
    }
}

fn frames(value: &Value) -> Vec<Frame> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|frame| {
            let function = frame.get("function")?.as_str()?;
            let file = frame
                .get("file")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let line = frame.get("line").and_then(Value::as_u64).unwrap_or(0);
            Some(Frame::new(function, file, u32::try_from(line).unwrap_or(0)))
        })
        .collect()
}

/// What was raced on, in a few words.
fn object(value: &Value) -> Option<String> {
    let text = |key: &str| value.get(key).and_then(Value::as_str);
    let kind = text("kind").filter(|kind| *kind != "unknown")?;
    let number = |key: &str| value.get(key).and_then(Value::as_u64);
    Some(match (text("symbol"), number("size")) {
        (Some(symbol), _) => format!("{kind} {symbol}"),
        (None, Some(size)) => format!("{kind} object of {size} bytes"),
        (None, None) => kind.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_record() {
        let line = r#"{"schema":1,"fingerprint":"ab12","kind":"map","status":"new","test":"TestAdd",
            "package":"example.com/hits","accesses":[
            {"op":"write","atomic":false,"size":null,"address":"0x00c000012340","goroutine":8,"test":"TestAdd",
             "stack":[{"function":"main.add","file":"/src/a.go","line":7,"inlined":false,"offset":3}],"order":2},
            {"op":"read","atomic":true,"size":8,"address":"0x00c000012340","goroutine":1,"test":null,"stack":[],"order":1}],
            "goroutines":[{"id":8,"running":true,"parent":1,"created_at":[{"function":"main.main","file":"/src/a.go","line":3,"inlined":false,"offset":1}],"test":null}],
            "object":{"kind":"global","symbol":"main.hits","size":8},"locks":[[{"address":"0x1","mode":"shared"}],[]],
            "count":3,"time_ms":1}"#
            .replace('\n', " ");
        let Some(Line::Race(event)) = read(&line) else {
            panic!();
        };
        assert_eq!(event.count, 3);
        let Problem::Race(race) = event.problem else {
            panic!();
        };
        assert_eq!(race.test.as_deref(), Some("TestAdd"));
        assert_eq!(race.object.as_deref(), Some("global main.hits"));
        assert_eq!(race.accesses[0].goroutine, Some(8));
        assert_eq!(
            race.accesses[0].created,
            [Frame::new("main.main", "/src/a.go", 3)]
        );
        assert_eq!(race.accesses[0].locks, ["0x1 (shared)"]);
        assert_eq!(race.accesses[1].operation, Operation::AtomicRead);
        assert_eq!(race.accesses[1].goroutine, None);
        assert!(read(r#"{"fingerprint":1,"accesses":[]}"#).is_none());
    }
}
