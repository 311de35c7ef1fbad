//! Nothing from the program reaches a reader raw: names of tests, functions,
//! files and symbols, command lines, and source lines.

use std::fs;

use crate::common::{on_a_map, rendered};
use camino::Utf8Path;
use gosan_report::{FORMATS, Paths, Report};
use gosan_wire::Race;

/// Drives a terminal, ends elements and commands, and forges lines.
const HOSTILE: &str = "\x1b[2J\x1b]0;owned\x07</script><img src=x onerror=alert(1)>]]>\n::error::forged\r\n%0A::warning::x\u{202e}\u{9b}2J&amp;\"'`[a](1)";

/// A record that is hostile wherever the program has a say, in a folder with a
/// source file that is too.
fn hostile_report(dir: &Utf8Path) -> (Report, Race) {
    let file = dir.join(format!("{}.go", HOSTILE.replace('/', "_")));
    let source = format!("package p\nfunc f() {{\n\tx = `{HOSTILE}\n}}\n");
    fs::write(&file, source).unwrap();
    let mut race = on_a_map();
    let text = || HOSTILE.to_owned();
    race.test = Some(text());
    race.package = Some(text());
    race.suppressed_by = Some(text());
    race.object.symbol = Some(text());
    race.object.operation = Some(text());
    for access in &mut race.accesses {
        access.test = Some(text());
        for frame in &mut access.stack {
            frame.function = text();
            frame.file = file.to_string();
            frame.line = 3;
        }
    }
    for goroutine in &mut race.goroutines {
        goroutine.test = Some(text());
        for frame in &mut goroutine.created_at {
            frame.function = text();
        }
    }
    for frame in &mut race.object.allocated_at {
        frame.function = text();
        frame.file = text();
    }
    for lock in race.locks.iter_mut().flatten().flatten() {
        lock.taken_at[0].function = text();
    }
    let process = race.process.as_mut().unwrap();
    process.command = vec![text()];
    process.directory = text();
    let merged = gosan_report::merge([race.clone()]);
    (Report::new(merged, Paths::of(dir), &|_| None), race)
}

fn in_folder(test: impl Fn(&Report, &Race)) {
    let dir = tempfile::tempdir().unwrap();
    let (report, race) = hostile_report(Utf8Path::from_path(dir.path()).unwrap());
    test(&report, &race);
}

/// Without the colours that the rendering sets itself.
fn without_colours(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';');
        match digits.strip_prefix('m') {
            Some(rest) => plain.push_str(rest),
            None => plain.push_str(&format!("\x1b[{part}")),
        }
    }
    plain
}

#[test]
fn no_rendering_has_anything_invisible() {
    in_folder(|report, _| {
        for format in FORMATS {
            let text = without_colours(&rendered(format.name, report));
            let bad = text.chars().find(|c| {
                c.is_control() && !matches!(*c, '\n' | '\t')
                    || matches!(*c, '\u{202e}' | '\u{2066}')
            });
            // JSON may hold what it likes but controls: programs read it.
            let bad = bad.filter(|c| format.name != "json" || (*c as u32) < 0x20);
            assert_eq!(bad, None, "{}", format.name);
            assert!(text.contains("owned"), "{}", format.name);
        }
    });
}

#[test]
fn workflow_commands_cannot_be_forged() {
    in_folder(|report, _| {
        let text = rendered("github", report);
        assert_eq!(text.lines().count(), 1, "{text}");
        let (properties, _) = text
            .strip_prefix("::error ")
            .unwrap()
            .split_once("::")
            .unwrap();
        let names: Vec<_> = properties
            .split(',')
            .map(|property| property.split('=').next().unwrap())
            .collect();
        assert_eq!(names, ["file", "line", "title"]);
        for format in ["terminal", "classic"] {
            let text = without_colours(&rendered(format, report));
            assert!(
                !text.lines().any(|line| line.trim().starts_with("::")),
                "{format}"
            );
        }
    });
}

#[test]
fn html_has_no_element_of_the_programs() {
    in_folder(|report, _| {
        let page = rendered("html", report);
        let start = page.find("id=\"details\">").unwrap() + "id=\"details\">".len();
        let end = start + page[start..].find("</script>").unwrap();
        let details: Vec<String> = serde_json::from_str(&page[start..end]).unwrap();
        for text in [&page, &details[0]] {
            assert!(!text.contains("<img"));
            assert!(text.contains("&lt;img src=x"));
        }
        assert_eq!(page.matches("</script>").count(), 2);
    });
}

#[test]
fn xml_and_json_are_well_formed() {
    in_folder(|report, race| {
        let xml = rendered("junit", report);
        let mut reader = quick_xml::Reader::from_str(&xml);
        let mut cases = 0;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(element) => {
                    cases += usize::from(element.name().as_ref() == b"testcase");
                    for attribute in element.attributes() {
                        attribute.unwrap();
                    }
                }
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(cases, 1);
        let sarif: serde_json::Value = serde_json::from_str(&rendered("sarif", report)).unwrap();
        let result = &sarif["runs"][0]["results"][0];
        let uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].as_str();
        assert!(
            uri.unwrap().is_ascii() && !uri.unwrap().contains(['<', ' ', '"', '%'])
                || uri.unwrap().contains("%3C")
        );
        // A link in a message would be the program's.
        let message = result["message"]["text"].as_str().unwrap();
        assert!(message.contains("\\[a\\](1)"), "{message}");
        // What programs read is as it was.
        let again: Race = serde_json::from_str(&rendered("json", report)).unwrap();
        assert_eq!(again, *race);
    });
}
