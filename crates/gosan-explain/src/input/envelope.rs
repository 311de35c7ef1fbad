//! Lines that are wrapped: `go test -json` events, JSON log lines, quoted
//! strings of key=value loggers.
//!
//! `go test -json` writes a line in pieces, those of many packages mixed, so each
//! piece goes to the stream of its package and test. Other wrappers hold whole
//! lines, or a whole block with escaped line feeds.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

/// The content of a wrapped line.
#[derive(Debug, PartialEq, Eq)]
pub struct Letter {
    /// Which lines belong together: a test, a container.
    pub stream: String,
    pub test: Option<String>,
    pub time: Option<String>,
    /// With its line feeds; it may end within a line.
    pub text: String,
    /// The text stands by itself: nothing of it goes on in a later line.
    pub closed: bool,
}

/// An event of `go test -json`.
#[derive(Deserialize)]
struct TestEvent<'a> {
    #[serde(rename = "Time", borrow, default)]
    time: Option<Cow<'a, str>>,
    #[serde(rename = "Action", borrow)]
    action: Cow<'a, str>,
    #[serde(rename = "Package", borrow, default)]
    package: Option<Cow<'a, str>>,
    #[serde(rename = "ImportPath", borrow, default)]
    import_path: Option<Cow<'a, str>>,
    #[serde(rename = "Test", borrow, default)]
    test: Option<Cow<'a, str>>,
    #[serde(rename = "Output", borrow, default)]
    output: Option<Cow<'a, str>>,
}

/// The keys under which log lines carry their text, the likeliest first.
const TEXTS: &[&str] = &[
    "log",
    "message",
    "msg",
    "MESSAGE",
    "textPayload",
    "line",
    "text",
    "event",
    "stack",
    "stacktrace",
    "stack_trace",
    "error",
    "err",
    "exception",
];
const TIMES: &[&str] = &["time", "timestamp", "@timestamp", "ts", "t"];
/// What tells containers apart.
const SOURCES: &[&str] = &[
    "stream",
    "pod",
    "pod_name",
    "container",
    "container_id",
    "container_name",
    "host",
    "logger",
];

/// Opens a wrapped line; nothing if the line is not wrapped.
pub fn open(line: &str) -> Option<Letter> {
    let start = line.find('{')?;
    if (line[..start].trim().is_empty() || line.ends_with('}'))
        && let Some(letter) = open_json(&line[start..])
    {
        return Some(letter);
    }
    None
}

fn open_json(json: &str) -> Option<Letter> {
    if json.contains("\"Action\":")
        && let Ok(event) = serde_json::from_str::<TestEvent>(json)
    {
        return Some(of_test_event(event));
    }
    let value: Value = serde_json::from_str(json).ok()?;
    let object = value.as_object()?;
    let mut text = String::new();
    for key in TEXTS {
        match object.get(*key) {
            Some(Value::String(part)) if !part.is_empty() => {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push('\n');
                }
                text.push_str(part);
            }
            _ => {}
        }
    }
    if text.is_empty() {
        return None;
    }
    let plain = |keys: &[&str]| {
        keys.iter().find_map(|key| match object.get(*key)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    };
    let mut stream = String::from("json");
    for key in SOURCES {
        if let Some(Value::String(source)) = object.get(*key) {
            stream.push('\u{0}');
            stream.push_str(source);
        }
    }
    let closed = text.trim_end_matches('\n').contains('\n');
    // Docker says where a line ends; the others leave it out.
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Some(Letter {
        stream,
        test: None,
        time: plain(TIMES),
        text,
        closed,
    })
}

fn of_test_event(event: TestEvent) -> Letter {
    let package = event.package.or(event.import_path).unwrap_or_default();
    let test = event.test.unwrap_or_default();
    let is_output = event.action == "output" || event.action == "build-output";
    Letter {
        stream: format!("test\u{0}{package}\u{0}{test}"),
        test: (!test.is_empty()).then(|| test.into_owned()),
        time: event.time.map(Cow::into_owned),
        text: event
            .output
            .filter(|_| is_output)
            .map_or_else(String::new, Cow::into_owned),
        closed: false,
    }
}

/// Takes `level=error msg="one\ntwo"` apart: the quoted string that holds the
/// block, with its escapes resolved.
pub fn quoted_block(line: &str, at: usize) -> Option<String> {
    let quote = line[..at].rfind('"')?;
    let rest = &line[quote..];
    let mut end = 1;
    let bytes = rest.as_bytes();
    while end < bytes.len() && bytes[end] != b'"' {
        end += if bytes[end] == b'\\' { 2 } else { 1 };
    }
    let inner = rest.get(1..end.min(rest.len()))?;
    if !inner.contains("\\n") {
        return None;
    }
    Some(unescape(inner))
}

/// Resolves Go's and JSON's escapes, as far as logs use them.
fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.push(character);
            continue;
        }
        match characters.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') | None => {}
            Some('u') => {
                let digits: String = characters.by_ref().take(4).collect();
                let code = u32::from_str_radix(&digits, 16).ok();
                out.push(code.and_then(char::from_u32).unwrap_or('\u{fffd}'));
            }
            Some(other) => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_test_events() {
        let letter = open(
            r#"{"Time":"2024-05-01T10:11:12Z","Action":"output","Package":"a/b","Test":"TestX","Output":"  main.f()\n"}"#,
        )
        .unwrap();
        assert_eq!(letter.text, "  main.f()\n");
        assert_eq!(letter.test.as_deref(), Some("TestX"));
        assert_eq!(letter.time.as_deref(), Some("2024-05-01T10:11:12Z"));
        let pass = open(r#"{"Action":"pass","Package":"a/b","Test":"TestX"}"#).unwrap();
        assert_eq!(pass.text, "");
    }

    #[test]
    fn opens_json_logs() {
        let docker = open(r#"{"log":"WARNING: DATA RACE\r\n","stream":"stderr","time":"t"}"#);
        assert_eq!(docker.unwrap().text, "WARNING: DATA RACE\r\n");
        let zap =
            open(r#"{"level":"error","msg":"panic","stack":"goroutine 1 [running]:\nmain.f()"}"#);
        let zap = zap.unwrap();
        assert_eq!(zap.text, "panic\ngoroutine 1 [running]:\nmain.f()\n");
        assert!(zap.closed);
        for plain in ["", "x", "{", "{}", "[1]", r#"{"a":1}"#, "map[a:{b}]"] {
            assert_eq!(open(plain), None, "{plain}");
        }
    }

    #[test]
    fn opens_quoted_strings() {
        let line = r#"time="x" level=error msg="==\nWARNING: DATA RACE\n\tx \"y\" \u00b7" a=b"#;
        let at = line.find("WARNING").unwrap();
        let text = quoted_block(line, at).unwrap();
        assert_eq!(text, "==\nWARNING: DATA RACE\n\tx \"y\" \u{b7}");
        assert_eq!(quoted_block("WARNING: DATA RACE", 0), None);
        assert_eq!(quoted_block("\"WARNING", 1), None);
    }
}
