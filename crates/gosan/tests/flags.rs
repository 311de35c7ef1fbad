//! Every flag of `go` means under gosan what it means under `go`: a table with
//! one test for each row.

mod common;
#[path = "common/modules.rs"]
mod modules;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{Module, gosan};
use libtest_mimic::{Arguments, Failed, Trial};

/// One way to call gosan, and what must come of it.
struct Row {
    name: &'static str,
    module: &'static str,
    /// The words after `gosan`; DIR is the module's directory.
    words: &'static str,
    env: &'static [(&'static str, &'static str)],
    code: i32,
    /// Texts that the output must hold, or must not behind a `!`.
    texts: &'static [&'static str],
    /// What else must be so.
    check: Check,
}

type Check = fn(&Path, &Output) -> Result<(), String>;

const RACE: &str = "WARNING: DATA RACE";
/// A program for `-exec`.
const WRAPPER: &str = "#!/bin/sh\necho wrapped\nexec \"$@\"\n";
const BLAME: &str = "race detected during execution of test";

const ROW: Row = Row {
    name: "",
    module: modules::MAIN,
    words: "",
    env: &[],
    code: 0,
    texts: &[],
    check: |_, _| Ok(()),
};

const ROWS: &[Row] = &[
    Row {
        name: "test",
        words: "test",
        code: 1,
        texts: &[RACE, BLAME, "--- FAIL: TestRace", "FAIL\texample.com/m"],
        ..ROW
    },
    Row {
        name: "test_packages",
        words: "test ./clean",
        texts: &["ok", "example.com/m/clean", "!DATA RACE"],
        ..ROW
    },
    Row {
        name: "run",
        words: "test -run TestClean -v",
        texts: &["=== RUN   TestClean", "clean ran", "!TestRace"],
        ..ROW
    },
    Row {
        name: "count",
        words: "test -run=TestClean -count=2 -v",
        check: |_, output| times(output, "--- PASS: TestClean", 2),
        ..ROW
    },
    Row {
        name: "race_given_too",
        words: "test -race -run TestClean",
        texts: &["ok"],
        ..ROW
    },
    Row {
        name: "json",
        words: "test -json -run TestRace",
        code: 1,
        check: |_, output| {
            let text = String::from_utf8_lossy(&output.stdout);
            let lines: Result<Vec<serde_json::Value>, _> =
                text.lines().map(serde_json::from_str).collect();
            let lines = lines.map_err(|error| error.to_string())?;
            let failed = lines
                .iter()
                .any(|line| line["Action"] == "fail" && line["Test"] == "TestRace");
            ensure(failed, "no event says that TestRace failed")
        },
        ..ROW
    },
    Row {
        name: "c",
        words: "test -c",
        check: |dir, _| runs(dir, "m.test", 1, RACE),
        ..ROW
    },
    Row {
        name: "c_and_o_directory",
        words: "test -c -o DIR/out/ . ./clean",
        check: |dir, _| {
            runs(dir, "out/m.test", 1, RACE)?;
            runs(dir, "out/clean.test", 0, "PASS")
        },
        ..ROW
    },
    Row {
        name: "o_of_a_test",
        words: "test -o kept -run TestClean",
        check: |dir, _| runs(dir, "kept", 1, RACE),
        ..ROW
    },
    Row {
        name: "tags",
        words: "test -tags extra -run TestExtra -v",
        texts: &["extra ran"],
        ..ROW
    },
    Row {
        name: "ldflags",
        words: "run -ldflags=-X=main.version=v9 ./cmd/app",
        texts: &["version v9"],
        ..ROW
    },
    Row {
        name: "gcflags",
        words: "test -gcflags=-m ./clean",
        texts: &["can inline Sum", "ok"],
        ..ROW
    },
    Row {
        name: "chdir",
        words: "test -C clean -v",
        texts: &["--- PASS: TestSum"],
        ..ROW
    },
    Row {
        name: "exec",
        words: "test -exec DIR/wrap.sh -run TestRace",
        code: 1,
        texts: &["wrapped", RACE, BLAME],
        ..ROW
    },
    Row {
        name: "bench",
        words: "test -run ^$ -bench Clean -benchtime 10x",
        texts: &["BenchmarkClean", "!BenchmarkRace", "ok"],
        ..ROW
    },
    Row {
        name: "bench_that_races",
        words: "test -run ^$ -bench Race -benchtime 2x",
        code: 1,
        texts: &[RACE],
        ..ROW
    },
    Row {
        name: "fuzz",
        words: "test -run ^$ -fuzz FuzzClean -fuzztime 20x",
        texts: &["fuzz: elapsed", "PASS"],
        ..ROW
    },
    Row {
        name: "cover",
        words: "test -cover ./clean",
        texts: &["coverage: 100.0% of statements"],
        ..ROW
    },
    Row {
        name: "coverprofile",
        words: "test -coverprofile=c.out -coverpkg ./... ./clean",
        check: |dir, _| holds(dir, "c.out", "mode: atomic"),
        ..ROW
    },
    Row {
        name: "shuffle",
        words: "test -shuffle 7 -run TestClean",
        texts: &["-test.shuffle 7"],
        ..ROW
    },
    Row {
        name: "short",
        words: "test -short -run TestShort -v",
        texts: &["--- SKIP: TestShort"],
        ..ROW
    },
    Row {
        name: "timeout",
        words: "test -timeout 300ms -run TestSlow",
        env: &[("SLOW", "1")],
        code: 1,
        texts: &["panic: test timed out after 300ms"],
        ..ROW
    },
    Row {
        name: "parallel_and_failfast",
        words: "test -parallel 3 -failfast -run TestClean -v",
        texts: &["--- PASS: TestClean"],
        ..ROW
    },
    Row {
        name: "list",
        words: "test -list Race",
        texts: &["TestRace", "BenchmarkRace", "!TestClean"],
        ..ROW
    },
    Row {
        name: "args",
        words: "test -run TestMine -v . -mine yours -args word -race=false",
        texts: &["mine is yours", "[word -race=false]"],
        ..ROW
    },
    Row {
        name: "options_of_gosan_behind_the_package",
        words: "test -run TestMine -v . -args word --quiet --go x",
        texts: &["[word --quiet --go x]"],
        ..ROW
    },
    Row {
        name: "vet",
        words: "test ./vet",
        code: 1,
        texts: &["%d has arg"],
        ..ROW
    },
    Row {
        name: "vet_off",
        words: "test -vet=off ./vet",
        texts: &["ok"],
        ..ROW
    },
    Row {
        name: "mod",
        words: "test -mod=mod ./clean",
        texts: &["ok"],
        ..ROW
    },
    Row {
        name: "modfile",
        words: "test -modfile alt.mod ./clean",
        texts: &["example.com/alternative/clean"],
        ..ROW
    },
    Row {
        name: "goflags",
        words: "test -run TestClean",
        env: &[("GOFLAGS", "-race -v")],
        texts: &["--- PASS: TestClean"],
        ..ROW
    },
    Row {
        name: "goflags_against_races",
        words: "test",
        env: &[("GOFLAGS", "-race=false")],
        code: 2,
        texts: &["gosan: GOFLAGS has -race=false"],
        ..ROW
    },
    Row {
        name: "races_switched_off",
        words: "test -race=false",
        code: 2,
        texts: &["gosan: the command line has -race=false"],
        ..ROW
    },
    Row {
        name: "goamd64",
        words: "test -run TestRace",
        env: &[("GOAMD64", "v3")],
        code: 1,
        texts: &[RACE, BLAME],
        ..ROW
    },
    Row {
        name: "workspace",
        module: modules::WORKSPACE,
        words: "test ./app ./lib",
        code: 1,
        texts: &[RACE, BLAME, "example.com/lib\t[no test files]"],
        ..ROW
    },
    Row {
        name: "vendor",
        module: modules::VENDORED,
        words: "test -mod=vendor",
        code: 1,
        texts: &[RACE, "example.com/dep.Race"],
        ..ROW
    },
    Row {
        name: "plugin",
        module: modules::PLUGIN,
        words: "build -buildmode=plugin -o plug.so ./plug",
        check: |dir, _| {
            let output = gosan(dir)
                .args(["build", "-o", "main", "./host"])
                .output()
                .unwrap();
            ensure(output.status.success(), &transcript(&output))?;
            runs(dir, "main", 66, RACE)
        },
        ..ROW
    },
    Row {
        name: "run_a_program",
        words: "run ./cmd/app a -o b",
        texts: &["args [a -o b]", "!DATA RACE"],
        ..ROW
    },
    Row {
        name: "run_a_racy_program",
        words: "run ./cmd/app race",
        code: 1,
        texts: &[RACE, "data race(s)\n", "exit status 66"],
        ..ROW
    },
    Row {
        name: "run_a_file",
        words: "run cmd/app/main.go three",
        code: 1,
        texts: &["exit status 3"],
        ..ROW
    },
    Row {
        name: "build",
        words: "build ./cmd/app",
        check: |dir, _| {
            let output = Command::new(dir.join("app"))
                .arg("race")
                .env_clear()
                .output();
            let output = output.map_err(|error| error.to_string())?;
            ensure(output.status.code() == Some(66), &transcript(&output))
        },
        ..ROW
    },
    Row {
        name: "build_several",
        words: "build -o DIR/bin/ ./cmd/... ./clean",
        check: |dir, _| runs(dir, "bin/app", 0, "version unset"),
        ..ROW
    },
    Row {
        name: "build_nothing",
        words: "build ./clean",
        check: |dir, _| ensure(!dir.join("clean.a").exists(), "a file was left"),
        ..ROW
    },
    Row {
        name: "build_that_fails",
        words: "build ./broken",
        code: 1,
        check: |dir, output| {
            let go = Command::new("go")
                .args(["build", "./broken"])
                .current_dir(dir)
                .output();
            let go = go.map_err(|error| error.to_string())?;
            ensure(go.stderr == output.stderr, &transcript(&go))
        },
        ..ROW
    },
    Row {
        name: "unknown_flag",
        words: "build -nosuchflag",
        code: 2,
        texts: &["flag provided but not defined: -nosuchflag"],
        ..ROW
    },
    Row {
        name: "missing_package",
        words: "test ./nowhere",
        code: 1,
        texts: &["nowhere"],
        ..ROW
    },
    Row {
        name: "toolchain_variable_of_nobody",
        words: "test -run TestGoroot -v",
        env: &[("GOTOOLCHAIN", "")],
        texts: &["GOTOOLCHAIN is \n"],
        ..ROW
    },
    Row {
        name: "standard_library",
        words: "test container/ring errors",
        texts: &["ok  \tcontainer/ring", "ok  \terrors"],
        ..ROW
    },
];

fn main() {
    let arguments = Arguments::from_args();
    let trials = ROWS
        .iter()
        .map(|row| Trial::test(row.name, move || try_row(row)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn try_row(row: &Row) -> Result<(), Failed> {
    let module = Module::new(row.module);
    let dir = module.path();
    if row.words.contains("DIR/wrap.sh") {
        gosan_testing::write_script(dir.join("wrap.sh"), WRAPPER);
    }
    for name in ["out", "bin"] {
        fs::create_dir(dir.join(name))?;
    }
    let words = row.words.replace("DIR", dir.to_str().unwrap());
    let mut command = gosan(dir);
    command
        .args(words.split_whitespace())
        .envs(row.env.iter().copied());
    let output = command.output()?;
    let shown = transcript(&output);
    let fail = |text: &str| Err(Failed::from(format!("gosan {words}: {text}\n{shown}")));
    if output.status.code() != Some(row.code) {
        return fail(&format!("the exit code is not {}", row.code));
    }
    for text in row.texts {
        let (wanted, text) = match text.strip_prefix('!') {
            Some(text) => (false, text),
            None => (true, *text),
        };
        if shown.contains(text) != wanted {
            return fail(&format!("{text:?} wanted: {wanted}"));
        }
    }
    (row.check)(dir, &output).or_else(|text| fail(&text))
}

fn ensure(condition: bool, otherwise: &str) -> Result<(), String> {
    if condition {
        Ok(())
    } else {
        Err(otherwise.to_owned())
    }
}

/// Whether a text is in the output so many times.
fn times(output: &Output, text: &str, count: usize) -> Result<(), String> {
    let found = String::from_utf8_lossy(&output.stdout)
        .matches(text)
        .count();
    ensure(found == count, &format!("{text:?} occurs {found} times"))
}

/// Whether a file holds a text.
fn holds(dir: &Path, file: &str, text: &str) -> Result<(), String> {
    let content = fs::read_to_string(dir.join(file)).map_err(|error| format!("{file}: {error}"))?;
    ensure(content.contains(text), &content)
}

/// Whether a program that was left behind runs by itself and does its work.
fn runs(dir: &Path, file: &str, code: i32, text: &str) -> Result<(), String> {
    let output = Command::new(dir.join(file)).current_dir(dir).output();
    let output = output.map_err(|error| format!("{file}: {error}"))?;
    let shown = transcript(&output);
    ensure(
        output.status.code() == Some(code) && shown.contains(text),
        &shown,
    )
}

/// Everything that a command printed, for messages of failed tests.
fn transcript(output: &Output) -> String {
    format!(
        "{}\n--- stdout\n{}\n--- stderr\n{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
