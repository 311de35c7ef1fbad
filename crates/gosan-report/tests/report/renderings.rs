//! Snapshots of every rendering of the same report.

use crate::common::{records, redacted, rendered, report};
use gosan_report::FORMATS;

/// Without the parts of the page that are files of their own, and with what a
/// race opens to as it will stand in the page.
fn page(html: &str) -> String {
    let cut = |text: &str, open: &str, close: &str| {
        let start = text.find(open).expect(open) + open.len();
        let end = start + text[start..].find(close).expect(close);
        (
            text[..start].to_owned(),
            text[start..end].to_owned(),
            text[end..].to_owned(),
        )
    };
    let (before, _, after) = cut(html, "<style>", "</style>");
    let html = before + &after;
    let (before, _, after) = cut(&html, "<script>", "</script>");
    let html = before + &after;
    let (before, _, after) = cut(&html, "Content-Security-Policy\" content=\"", "\"");
    let html = before + &after;
    let (before, details, after) = cut(&html, "id=\"details\">", "</script>");
    let details: Vec<String> = serde_json::from_str(&details).unwrap();
    (before + "\n" + &details.join("\n") + &after).replace("><", ">\n<")
}

#[test]
fn every_rendering_is_as_before() {
    let report = report(records());
    for format in FORMATS {
        let mut text = rendered(format.name, &report);
        match format.name {
            "terminal" => text = anstream::adapter::strip_str(&text).to_string(),
            "html" => text = page(&text),
            _ => {}
        }
        insta::assert_snapshot!(format.name, redacted(&text));
    }
}

#[test]
fn nothing_found_is_said_in_every_rendering() {
    let report = report(Vec::new());
    for format in FORMATS {
        let text = rendered(format.name, &report);
        assert!(!text.contains("Data race:"), "{}", format.name);
        match format.name {
            "terminal" => assert_eq!(text, "gosan: no data races\n"),
            "classic" | "github" | "json" => assert_eq!(text, ""),
            "html" => assert!(text.contains("No data races were found.")),
            "junit" => assert!(text.contains("tests=\"0\"")),
            "sarif" => assert!(text.contains("\"results\": []")),
            other => panic!("what does {other} say of nothing?"),
        }
    }
}

#[test]
fn only_the_terminal_has_colours() {
    let report = report(records());
    for format in FORMATS {
        let has_colours = rendered(format.name, &report).contains('\x1b');
        assert_eq!(has_colours, format.name == "terminal", "{}", format.name);
    }
}
