//! Logs as they arrive: with what loggers, containers, CI systems, terminals and
//! operating systems make of them. What is found must be the same.

use std::collections::BTreeMap;

use crate::fixtures;
use crate::random::Random;
use crate::run::{explained, verdicts_of};
use gosan_explain::Sources;

/// So many times is each log decorated, each time otherwise.
const TIMES: u64 = 10;

type Layer = (&'static str, fn(&str, &mut Random) -> String);

/// What the program's own text can look like.
const TEXTS: &[Layer] = &[
    ("as it is", |text, _| text.to_owned()),
    ("paths of Windows", |text, _| {
        text.replace("/home/me/", "C:/Users/me/go projects/")
            .replace("/usr/local/go/", "C:/Program Files/Go/")
    }),
    ("backslashes", |text, _| {
        each(text, |line| {
            match line.trim_start().strip_prefix("/home/me/") {
                Some(rest) => format!("\tC:\\me\\{}", rest.replace('/', "\\")),
                None => line.to_owned(),
            }
        })
    }),
    ("no indentation", |text, _| {
        each(text, |line| line.trim_start().to_owned())
    }),
    ("closures of Go 1.4", |text, _| closures(text, "\u{b7}")),
    ("a mangled middle dot", |text, _| {
        closures(text, "\u{252c}\u{b7}")
    }),
    ("another mangled one", |text, _| {
        closures(text, "\u{c2}\u{b7}")
    }),
    ("a lost middle dot", |text, _| closures(text, "\u{fffd}")),
];

/// Who else writes.
const NEIGHBOURS: &[Layer] = &[
    ("nobody", |text, _| text.to_owned()),
    ("a server's access log", |text, random| {
        between(
            text,
            random,
            "2024/05/01 10:11:12 GET /cart?id=17 200 3.1ms",
        )
    }),
    ("a progress bar", |text, random| {
        between(text, random, "fetching 10%\rfetching 20%\rfetched")
    }),
    ("a JSON logger", |text, random| {
        between(
            text,
            random,
            r#"{"level":"info","msg":"served","path":"/cart"}"#,
        )
    }),
];

/// Who passes the lines on.
const CARRIERS: &[Layer] = &[
    ("a file", |text, _| text.to_owned()),
    ("docker compose", |text, _| {
        each(text, |line| format!("api-1  | {line}"))
    }),
    ("a logger with times", |text, random| {
        each(text, |line| {
            format!(
                "2024/05/01 10:11:{:02}.{:06} {line}",
                random.below(60),
                random.below(1_000_000)
            )
        })
    }),
    ("Kubernetes", |text, random| {
        each(text, |line| {
            format!(
                "2024-05-01T10:11:{:02}.{}Z stderr F {line}",
                random.below(60),
                random.below(1_000_000_000)
            )
        })
    }),
    ("GitHub Actions", |text, random| {
        let lines = each(text, |line| {
            format!("2024-05-01T10:11:{:02}.1234567Z {line}", random.below(60))
        });
        format!(
            "2024-05-01T10:11:11.1234567Z ##[group]Run go test\n{lines}2024-05-01T10:12:12.1234567Z ##[error]Process completed with exit code 1.\n"
        )
    }),
    ("GitLab", |text, _| {
        format!("\u{1b}[0Ksection_start:1560896352:test\r\u{1b}[0K$ go test\n{text}\u{1b}[0;m\n")
    }),
    ("journald", |text, random| {
        each(text, |line| {
            format!(
                "May  1 10:11:{:02} web-1 shop[123]: {line}",
                random.below(60)
            )
        })
    }),
    ("BuildKit", |text, random| {
        each(text, |line| {
            format!("#12 {}.{:03} {line}", random.below(200), random.below(1000))
        })
    }),
    ("Docker's file", |text, random| {
        each(text, |line| {
            let log = serde_json::Value::from(format!("{line}\n"));
            format!(
                r#"{{"log":{log},"stream":"stderr","time":"2024-05-01T10:11:12.{}Z"}}"#,
                random.below(1_000_000)
            )
        })
    }),
    ("go test -json", |text, random| {
        each(text, |line| {
            let output = serde_json::Value::from(format!("{line}\n"));
            format!(
                r#"{{"Time":"2024-05-01T10:11:12.{}Z","Action":"output","Package":"p","Test":"TestX","Output":{output}}}"#,
                random.below(1_000_000)
            )
        })
    }),
    // A long line comes in several events.
    ("go test -json, in pieces", |text, random| {
        let mut out = String::new();
        for line in text.lines() {
            let line = format!("{line}\n");
            let long = line.starts_with([' ', '\t']);
            let at = if long { random.below(line.len()) } else { 0 };
            let middle = (at..line.len()).find(|at| line.is_char_boundary(*at));
            let (one, other) = line.split_at(middle.unwrap_or(0));
            for piece in [one, other] {
                let output = serde_json::Value::from(piece);
                out +=
                    &format!("{{\"Action\":\"output\",\"Package\":\"p\",\"Output\":{output}}}\n");
            }
        }
        out
    }),
];

/// What a terminal or an operating system adds.
const ENDINGS: &[Layer] = &[
    ("plain", |text, _| text.to_owned()),
    ("CRLF", |text, _| text.replace('\n', "\r\n")),
    ("colours", |text, random| {
        each(text, |line| {
            format!("\u{1b}[{}m{line}\u{1b}[0m", 31 + random.below(6))
        })
    }),
    ("cleared lines", |text, _| {
        each(text, |line| format!("\u{1b}[K{line}\u{1b}[K"))
    }),
];

fn each(text: &str, mut change: impl FnMut(&str) -> String) -> String {
    text.lines().map(|line| change(line) + "\n").collect()
}

/// Another line, now and then.
fn between(text: &str, random: &mut Random, other: &str) -> String {
    each(text, |line| match random.below(3) {
        0 => format!("{line}\n{other}"),
        _ => line.to_owned(),
    })
}

/// `main.f.func1` as `main.f.func·001`.
fn closures(text: &str, dot: &str) -> String {
    each(text, |line| {
        let Some(at) = line.rfind(".func") else {
            return line.to_owned();
        };
        let rest = &line[at + 5..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let last = !rest[digits..].starts_with('.');
        match rest[..digits].parse::<u32>() {
            Ok(number) if last => {
                format!("{}.func{dot}{number:03}{}", &line[..at], &rest[digits..])
            }
            _ => line.to_owned(),
        }
    })
}

/// What is found and how often, without what paths and names tell.
fn found(text: &str) -> BTreeMap<String, u64> {
    let explanation = explained(text, &Sources::none());
    let mut found = BTreeMap::new();
    for (verdict, finding) in verdicts_of(text).iter().zip(&explanation.findings) {
        let name = format!("{} {:?}", verdict.code, verdict.confidence);
        *found.entry(name).or_default() += finding.occurrences;
    }
    found
}

#[test]
fn decoration_changes_nothing() {
    for (index, fixture) in fixtures::all().iter().enumerate() {
        let plain = found(&fixture.text);
        let wrapped = fixture.text.starts_with('{');
        for time in 0..TIMES {
            let seed = index as u64 * TIMES + time;
            let mut random = Random::new(seed);
            let mut text = fixture.text.clone();
            let mut names = Vec::new();
            for (kind, layers) in [TEXTS, NEIGHBOURS, CARRIERS, ENDINGS].iter().enumerate() {
                let (name, layer) = layers[random.below(layers.len())];
                // What is in JSON already comes plain.
                let in_json =
                    name.contains("json") || name.contains("JSON") || name == "Docker's file";
                if wrapped && (in_json || kind == 0) {
                    continue;
                }
                text = layer(&text, &mut random);
                names.push(name);
            }
            assert_eq!(
                found(&text),
                plain,
                "{}, seed {seed}, {names:?}:\n{text}",
                fixture.title()
            );
        }
    }
}
