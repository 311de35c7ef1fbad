//! The page in a headless Chromium: it opens without a network and fast, a
//! keyboard is enough, it reads well aloud, on a phone and in the dark.
//!
//! Where there is no Chromium each test is left out, by name.

#[path = "../report/common.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod common;

mod chromium;
mod pictures;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chromium::Chromium;
use common::{on_a_map, records, rendered, report};
use gosan_wire::{Fingerprint, Race};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};

/// In this time a page with very many races has to be there.
const FAST: Duration = Duration::from_secs(2);
const VERY_MANY: u64 = 2000;

/// What a test has: the browser, and a folder for pages.
struct Bench {
    browser: Chromium,
    folder: tempfile::TempDir,
}

type Test = fn(&mut Bench);

const TESTS: &[(&str, Test)] = &[
    (
        "it_asks_nothing_of_the_network",
        asks_nothing_of_the_network,
    ),
    ("a_keyboard_is_enough", a_keyboard_is_enough),
    ("it_filters_by_package_test_and_words", filters),
    ("it_can_be_read_aloud", can_be_read_aloud),
    ("it_fits_a_phone", fits_a_phone),
    ("thousands_of_races_open_fast", thousands_open_fast),
    ("it_looks_as_before", looks_as_before),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let found = chromium::find();
    let bench: Arc<Mutex<Option<Bench>>> = Arc::default();
    let mut trials = Vec::new();
    for (name, test) in TESTS {
        let (bench, program) = (bench.clone(), found.clone());
        if program.is_none() && !arguments.list {
            println!("skipping html::{name}: there is no Chromium on PATH");
        }
        let run = move || with_bench(&bench, program.as_deref(), *test);
        trials.push(Trial::test(format!("html::{name}"), run).with_ignored_flag(found.is_none()));
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if let Some(bench) = bench.lock().expect("no test panics with it").take() {
        bench.browser.close();
    }
    conclusion.exit_code()
}

/// All tests use one browser, one after the other.
fn with_bench(
    shared: &Mutex<Option<Bench>>,
    program: Option<&Path>,
    test: Test,
) -> Result<(), Failed> {
    let program = program.ok_or("there is no Chromium on PATH")?;
    let mut place = shared.lock().map_err(|error| error.to_string())?;
    let mut bench = place.take().unwrap_or_else(|| Bench {
        browser: Chromium::start(program),
        folder: tempfile::tempdir().expect("a folder"),
    });
    bench.browser.show_as(1100, 900, "light");
    test(&mut bench);
    *place = Some(bench);
    Ok(())
}

impl Bench {
    fn write(&self, records: Vec<Race>) -> PathBuf {
        let path = self.folder.path().join("races.html");
        fs::write(&path, rendered("html", &report(records))).expect("a page");
        path
    }

    /// Opens a page with one race of each kind.
    fn open(&mut self) {
        let path = self.write(records());
        self.browser.open(&path);
    }

    fn eval(&mut self, expression: &str) -> Value {
        self.browser.eval(expression)
    }

    fn expect(&mut self, expression: &str, value: impl Into<Value>) {
        let found = self.eval(expression);
        assert_eq!(found, value.into(), "{expression}");
    }
}

fn asks_nothing_of_the_network(bench: &mut Bench) {
    bench.open();
    bench.expect("document.querySelectorAll('details.race').length", 3);
    bench.expect("document.querySelector('details.race').open", true);
    bench.expect("document.querySelectorAll('svg').length", 1);
    bench.expect(
        "document.querySelectorAll('mark')[0].textContent",
        "c.items[name]",
    );
    assert_eq!(bench.browser.complaints(), Vec::<String>::new());
}

fn a_keyboard_is_enough(bench: &mut Bench) {
    const FOCUS: &str =
        "document.activeElement.closest('details.race')?.id ?? document.activeElement.id";
    bench.open();
    for id in ["package", "test", "words", "race-1"] {
        bench.browser.press("Tab");
        bench.expect(FOCUS, id);
    }
    bench.browser.press("Enter");
    bench.expect("document.getElementById('race-1').open", false);
    bench.browser.press("ArrowDown");
    bench.expect(FOCUS, "race-2");
    bench.browser.press("Enter");
    bench.expect("document.getElementById('race-2').open", true);
    bench.eval("new Promise(done => setTimeout(done, 50))");
    bench.expect("document.querySelectorAll('#race-2 svg').length", 1);
    bench.browser.press("ArrowUp");
    bench.expect(FOCUS, "race-1");
    bench.browser.press("/");
    bench.expect(FOCUS, "words");
    for letter in ["v", "i", "s", "i", "t"] {
        bench.browser.press(letter);
    }
    bench.expect(
        "document.getElementById('shown').textContent",
        "1 of 3 shown",
    );
    bench.browser.press("Escape");
    bench.expect(
        "document.getElementById('shown').textContent",
        "3 of 3 shown",
    );
}

fn filters(bench: &mut Bench) {
    bench.open();
    for (field, option, shown) in [
        ("package", "example.com/shop", "2 of 3 shown"),
        ("test", "TestOther", "1 of 3 shown"),
        ("package", "(none)", "0 of 3 shown"),
        ("test", "all tests", "1 of 3 shown"),
        ("package", "all packages", "3 of 3 shown"),
    ] {
        bench.eval(&format!(
            "{{ const field = document.getElementById({field:?});
                field.value = [...field.options].find(o => o.text === {option:?}).value;
                field.dispatchEvent(new Event('input')); }}"
        ));
        bench.expect("document.getElementById('shown').textContent", shown);
        let none = shown.starts_with('0');
        bench.expect("document.getElementById('nothing').hidden", !none);
    }
}

/// Everything that is used or seen has a name, and pictures are told in words.
fn can_be_read_aloud(bench: &mut Bench) {
    bench.open();
    let tree = bench.browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().expect("nodes");
    let named = |role: &str| -> Vec<String> {
        let of_role = nodes
            .iter()
            .filter(|node| node["ignored"] == false && node["role"]["value"] == role);
        let name = |node: &Value| {
            node["name"]["value"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        };
        of_role.map(name).collect()
    };
    for role in [
        "combobox",
        "searchbox",
        "heading",
        "image",
        "DisclosureTriangle",
    ] {
        let names = named(role);
        assert!(!names.is_empty(), "nothing is a {role}");
        assert!(
            names.iter().all(|name| !name.is_empty()),
            "{role}: {names:?}"
        );
    }
    let picture = &named("image")[0];
    for words in [
        "goroutine 7",
        "creates goroutine 8",
        "(1)",
        "(2)",
        "Nothing orders",
    ] {
        assert!(picture.contains(words), "{words}: {picture}");
    }
    assert_eq!(named("status").len(), 1);
}

fn fits_a_phone(bench: &mut Bench) {
    bench.browser.show_as(360, 740, "dark");
    bench.open();
    bench.expect("document.documentElement.scrollWidth <= 360", true);
    // Dark means dark: the page's own colour and its text are far apart.
    let lightness = |bench: &mut Bench, what: &str| -> f64 {
        let colour = bench.eval(&format!("getComputedStyle(document.body).{what}"));
        let parts = colour.as_str().expect("a colour").to_owned();
        let parts = parts.trim_start_matches("rgb(").trim_end_matches(')');
        let sum: f64 = parts
            .split(", ")
            .map(|part| part.parse::<f64>().expect("a number"))
            .sum();
        sum / 3.0
    };
    assert!(lightness(bench, "backgroundColor") < 60.0);
    assert!(lightness(bench, "color") > 200.0);
}

fn thousands_open_fast(bench: &mut Bench) {
    let race = |number| {
        let mut race = on_a_map();
        race.fingerprint = Fingerprint(number);
        race.package = Some(format!("example.com/shop/part{}", number % 50));
        race.test = Some(format!("TestCart{number}"));
        race
    };
    let path = bench.write((0..VERY_MANY).map(race).collect());
    let size = fs::metadata(&path).expect("a page").len() >> 20;
    // The best of three: other programs on the machine only ever add to it.
    let times = (0..3).map(|_| bench.browser.open(&path));
    let took = times.min().expect("three times");
    println!("{VERY_MANY} races, {size} MiB: {} ms", took.as_millis());
    assert!(took < FAST, "{took:?}");
    bench.expect(
        "document.querySelectorAll('details.race').length",
        VERY_MANY,
    );
    // One that is opened late is there as well.
    bench.eval("document.getElementById('race-1999').open = true");
    bench.eval("new Promise(done => setTimeout(done, 100))");
    bench.expect("document.querySelectorAll('#race-1999 svg').length", 1);
}

fn looks_as_before(bench: &mut Bench) {
    for (name, width, height, scheme) in [
        ("wide-light", 1100, 1000, "light"),
        ("phone-dark", 390, 1400, "dark"),
    ] {
        bench.browser.show_as(width, height, scheme);
        bench.open();
        pictures::compare(name, &bench.browser.screenshot());
    }
}
