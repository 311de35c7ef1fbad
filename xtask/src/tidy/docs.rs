//! The rules for pages: links lead somewhere, and the map of the architecture
//! names every design page.

use std::fs;

use anyhow::{Context, Result};
use camino::{Utf8Path, Utf8PathBuf};
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::Finding;

const MAP: &str = "docs/architecture.md";
const DESIGN: &str = "docs/design/";

/// Pages without which a reader is lost.
const REQUIRED: [&str; 5] = [
    "README.md",
    "CONTRIBUTING.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    MAP,
];

pub fn check(root: &Utf8Path, files: &[Utf8PathBuf]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for required in REQUIRED {
        if !files.iter().any(|file| file == required) {
            findings.push(Finding {
                file: required.into(),
                line: None,
                what: "is missing".to_owned(),
            });
        }
    }
    for file in files.iter().filter(|file| file.extension() == Some("md")) {
        let text = read(root, file)?;
        for (line, link) in links(&text) {
            if let Some(what) = broken(root, file, &link)? {
                findings.push(Finding {
                    file: file.clone(),
                    line: Some(line),
                    what,
                });
            }
        }
    }
    let map = fs::read_to_string(root.join(MAP)).unwrap_or_default();
    findings.extend(unlisted(&map, files));
    Ok(findings)
}

fn read(root: &Utf8Path, file: &Utf8Path) -> Result<String> {
    let path = root.join(file);
    fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
}

/// A page's links with the lines they are on.
fn links(text: &str) -> Vec<(usize, String)> {
    Parser::new(text)
        .into_offset_iter()
        .filter_map(|(event, at)| match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                let line = text[..at.start].matches('\n').count() + 1;
                Some((line, dest_url.into_string()))
            }
            _ => None,
        })
        .collect()
}

/// Says why a link leads nowhere; addresses elsewhere are not asked.
fn broken(root: &Utf8Path, page: &Utf8Path, link: &str) -> Result<Option<String>> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(None);
    }
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = if path.is_empty() {
        root.join(page)
    } else {
        let directory = page.parent().unwrap_or(Utf8Path::new(""));
        root.join(directory).join(path)
    };
    if !target.exists() {
        return Ok(Some(format!("links to {path}, which does not exist")));
    }
    if !anchor.is_empty() && target.extension() == Some("md") {
        let text = fs::read_to_string(&target).with_context(|| format!("cannot read {target}"))?;
        if !headings(&text).iter().any(|heading| heading == anchor) {
            return Ok(Some(format!(
                "links to #{anchor}, a heading that is not there"
            )));
        }
    }
    Ok(None)
}

/// The anchors of a page's headings.
fn headings(text: &str) -> Vec<String> {
    let mut anchors = Vec::new();
    let mut heading: Option<String> = None;
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().map(|h| slug(&h))),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
            }
            _ => {}
        }
    }
    anchors
}

/// A heading's anchor as the common forges make it.
fn slug(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Design pages that the map does not link to.
fn unlisted(map: &str, files: &[Utf8PathBuf]) -> Vec<Finding> {
    let listed: Vec<String> = links(map).into_iter().map(|(_, link)| link).collect();
    files
        .iter()
        .filter(|file| file.as_str().starts_with(DESIGN) && file.extension() == Some("md"))
        .filter(|file| {
            let from_map = file.as_str().trim_start_matches("docs/");
            !listed
                .iter()
                .any(|link| link.split('#').next() == Some(from_map))
        })
        .map(|file| Finding {
            file: file.clone(),
            line: None,
            what: format!("is not linked from {MAP}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(root: &Utf8Path, name: &str, text: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it is ours");
        fs::write(path, text).expect("it is ours");
    }

    fn told(pages: &[(&str, &str)]) -> Vec<String> {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Utf8Path::from_path(directory.path()).expect("UTF-8");
        let mut all: Vec<(&str, &str)> = REQUIRED.map(|name| (name, "")).to_vec();
        all.retain(|(name, _)| !pages.iter().any(|(given, _)| given == name));
        all.extend(pages);
        let files: Vec<Utf8PathBuf> = all.iter().map(|(name, _)| (*name).into()).collect();
        for (name, text) in all {
            page(root, name, text);
        }
        let findings = check(root, &files).expect("the pages can be read");
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn links_must_lead_somewhere() {
        let good = "[map](docs/architecture.md) [up](#use-it) [far](https://go.dev)\n\n## Use it\n";
        assert_eq!(told(&[("README.md", good)]), Vec::<String>::new());
        let bad = "first\n\n[gone](docs/gone.md) [none](#nowhere)\n";
        assert_eq!(
            told(&[("README.md", bad)]),
            [
                "README.md:3: links to docs/gone.md, which does not exist",
                "README.md:3: links to #nowhere, a heading that is not there",
            ]
        );
    }

    #[test]
    fn links_are_relative_to_their_page() {
        let usage = ("docs/usage.md", "[readme](../README.md#exit-codes)");
        let readme = ("README.md", "# gosan\n\n### Exit codes\n");
        assert_eq!(told(&[usage, readme]), Vec::<String>::new());
    }

    #[test]
    fn code_is_no_link() {
        let text = "```\n[a](gone.md)\n```\n\nand `[b](gone.md)`\n";
        assert_eq!(told(&[("README.md", text)]), Vec::<String>::new());
    }

    #[test]
    fn every_design_page_is_on_the_map() {
        let clocks = ("docs/design/clocks.md", "# Clocks\n");
        assert_eq!(
            told(&[clocks]),
            ["docs/design/clocks.md: is not linked from docs/architecture.md"]
        );
        let map = (MAP, "[clocks](design/clocks.md)\n");
        assert_eq!(told(&[clocks, map]), Vec::<String>::new());
    }

    #[test]
    fn required_pages_are_missed() {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let root = Utf8Path::from_path(directory.path()).expect("UTF-8");
        let findings = check(root, &[]).expect("nothing to read");
        assert_eq!(findings.len(), REQUIRED.len());
    }
}
