//! The rule for diagnoses: each is one source file, one test file and one page.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;

use super::Finding;

const SOURCES: &str = "crates/gosan-explain/src/diagnoses/";
const TESTS: &str = "crates/gosan-explain/tests/explain/diagnoses/";
const PAGES: &str = "docs/codes/";

/// What a code has: the names of the files, without their endings.
#[derive(Default)]
struct Parts {
    source: Option<String>,
    test: Option<String>,
    page: bool,
}

pub fn check(files: &[Utf8PathBuf]) -> Vec<Finding> {
    let mut codes: BTreeMap<String, Parts> = BTreeMap::new();
    for file in files {
        let Some(name) = file.file_stem() else {
            continue;
        };
        let Some(code) = code_of(name) else { continue };
        let directory = file
            .as_str()
            .strip_suffix(file.file_name().unwrap_or_default());
        let parts = codes.entry(code).or_default();
        match directory {
            Some(SOURCES) => parts.source = Some(name.to_owned()),
            Some(TESTS) => parts.test = Some(name.to_owned()),
            Some(PAGES) => parts.page = true,
            _ => {}
        }
    }
    codes
        .iter()
        .filter_map(|(code, parts)| {
            // Logs and examples are named for codes too.
            let any = parts.source.is_some() || parts.test.is_some() || parts.page;
            let lower = code.to_lowercase();
            let name = parts.source.as_ref().or(parts.test.as_ref());
            let stem = name.cloned().unwrap_or_else(|| format!("{lower}_NAME"));
            let missing = if parts.source.is_none() {
                format!("{SOURCES}{stem}.rs")
            } else if parts.test != parts.source {
                format!("{TESTS}{stem}.rs")
            } else if !parts.page {
                format!("{PAGES}{code}.md")
            } else {
                return None;
            };
            any.then(|| Finding {
                file: missing.into(),
                line: None,
                what: format!("is missing: {code} is one source file, one test file and one page"),
            })
        })
        .collect()
}

/// `GS0101` of `gs0101_map_write_write` and of `GS0101`.
fn code_of(name: &str) -> Option<String> {
    let (code, rest) = name.split_at_checked(6)?;
    let digits = code.get(2..)?.bytes().all(|byte| byte.is_ascii_digit());
    let named = code[..2].eq_ignore_ascii_case("gs") && (rest.is_empty() || rest.starts_with('_'));
    (digits && named).then(|| code.to_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "crates/gosan-explain/src/diagnoses/gs0101_maps.rs";
    const TEST: &str = "crates/gosan-explain/tests/explain/diagnoses/gs0101_maps.rs";
    const PAGE: &str = "docs/codes/GS0101.md";

    fn missing(files: &[&str]) -> Vec<String> {
        let files: Vec<Utf8PathBuf> = files.iter().map(Utf8PathBuf::from).collect();
        check(&files)
            .into_iter()
            .map(|finding| finding.file.into_string())
            .collect()
    }

    #[test]
    fn a_diagnosis_has_all_three() {
        assert_eq!(missing(&[SOURCE, TEST, PAGE]), Vec::<String>::new());
        assert_eq!(missing(&[TEST, PAGE]), [SOURCE]);
        assert_eq!(missing(&[SOURCE, PAGE]), [TEST]);
        assert_eq!(missing(&[SOURCE, TEST]), [PAGE]);
        let other = TEST.replace("maps", "map");
        assert_eq!(missing(&[SOURCE, &other, PAGE]), [TEST]);
    }

    #[test]
    fn other_files_are_none() {
        let others = [
            "crates/gosan-explain/fixtures/pages/GS0101.log",
            "docs/codes/README.md",
            "a/gs01.rs",
        ];
        assert_eq!(missing(&others), Vec::<String>::new());
    }
}
