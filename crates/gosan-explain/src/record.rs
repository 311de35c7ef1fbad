//! gosan's own records of races: JSON, one a line.
//!
//! Read by field names, so that a record of another version is read as far as it
//! can be. A line that only looks like one is left to the other parsers.

use serde_json::Value;

use crate::model::{Access, Event, Frame, Operation, Problem, Race};

/// What stands in every record and in hardly any other line.
pub const NEEDLE: &str = "\"fingerprint\"";

/// Reads a line that is a record.
pub fn read(line: &str) -> Option<Event> {
    let line = line.trim();
    if !line.starts_with('{') || !line.contains(NEEDLE) || !line.contains("\"accesses\"") {
        return None;
    }
    let value: Value = serde_json::from_str(line).ok()?;
    event(&value)
}

/// Reads a record.
pub fn event(value: &Value) -> Option<Event> {
    value.get("schema")?;
    let accesses: Vec<Access> = value
        .get("accesses")?
        .as_array()?
        .iter()
        .filter_map(|access| self::access(access, value))
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
    let mut event = Event::new(Problem::Race(race), text("time"));
    event.count = value
        .get("count")
        .and_then(Value::as_u64)
        .unwrap_or(1)
        .max(1);
    Some(event)
}

fn access(value: &Value, record: &Value) -> Option<Access> {
    let kind = ["kind", "operation"]
        .iter()
        .find_map(|key| value.get(*key)?.as_str())?;
    let atomic = kind.contains("atomic") || value.get("atomic") == Some(&Value::Bool(true));
    let operation = match (kind.contains("write"), atomic) {
        (true, true) => Operation::AtomicWrite,
        (true, false) => Operation::Write,
        (false, true) => Operation::AtomicRead,
        (false, false) => Operation::Read,
    };
    let goroutine = value.get("goroutine").and_then(Value::as_u64);
    let address = value.get("address").and_then(|address| match address {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => u64::from_str_radix(text.trim_start_matches("0x"), 16).ok(),
        _ => None,
    });
    let created = record
        .get("goroutines")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|described| {
            let id = ["number", "id", "goroutine"]
                .iter()
                .find_map(|key| described.get(*key)?.as_u64());
            id.is_some() && id == goroutine
        })
        .and_then(|described| {
            ["created", "created_at", "stack"]
                .iter()
                .find_map(|key| described.get(*key))
        })
        .map(frames)
        .unwrap_or_default();
    let locks = value
        .get("locks")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|lock| {
            lock.as_str()
                .map_or_else(|| lock.to_string(), str::to_owned)
        })
        .collect();
    Some(Access {
        operation,
        goroutine,
        address,
        stack: value.get("stack").map(frames).unwrap_or_default(),
        created,
        locks,
    })
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

fn object(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Object(fields) => ["description", "symbol", "name", "kind"]
            .iter()
            .find_map(|key| Some(fields.get(*key)?.as_str()?.to_owned())),
        _ => None,
    }
}
