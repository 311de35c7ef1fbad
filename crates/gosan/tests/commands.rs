//! gosan's own commands, what it refuses and how, and how it lives with
//! signals, with other gosans, and with work in the real GOROOT.

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt;
use common::{Module, gosan};
use gosan_testing::write_script;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// A module with a test that passes and a program that waits for Ctrl-C and
/// then races.
const MODULE: &str = r#"
-- go.mod --
module example.com/m

go 1.24
-- a_test.go --
package m

import "testing"

func TestClean(t *testing.T) {}
-- wait/main.go --
package main

import (
	"fmt"
	"os"
	"os/signal"
	"time"
)

var shared int

func main() {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	fmt.Println("ready")
	select {
	case <-interrupted:
	case <-time.After(10 * time.Second):
		os.Exit(9)
	}
	done := make(chan bool)
	go func() {
		shared++
		close(done)
	}()
	shared++
	<-done
}
"#;

fn goroot() -> PathBuf {
    let output = Command::new("go").args(["env", "GOROOT"]).output().unwrap();
    PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())
}

/// Names in a directory, which may not exist.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn explains_itself() {
    let dir = tempfile::tempdir().unwrap();
    gosan(dir.path()).assert().code(2).stderr(contains("Usage"));
    let version = contains(env!("CARGO_PKG_VERSION"));
    gosan(dir.path())
        .arg("version")
        .assert()
        .success()
        .stdout(version);
    for words in [
        &["help"][..],
        &["--help"],
        &["help", "test"],
        &["test", "--help"],
    ] {
        let help = contains("Usage: gosan");
        gosan(dir.path())
            .args(words)
            .assert()
            .success()
            .stdout(help);
    }
    let error = contains("unrecognized subcommand 'tset'");
    gosan(dir.path()).arg("tset").assert().code(2).stderr(error);
}

#[test]
fn refuses_what_cannot_work_and_says_what_would() {
    let module = Module::new(MODULE);
    let no_compiler = [("CC", "no-such-compiler"), ("CGO_ENABLED", "1")];
    for (env, texts) in [
        (
            &[("CGO_ENABLED", "0")][..],
            ["cgo is switched off", "CGO_ENABLED=1"],
        ),
        (&[("GOOS", "windows")], ["windows/amd64", "container"]),
        (&[("GOARCH", "arm64")], ["linux/arm64", "container"]),
        (&no_compiler, ["no-such-compiler", "install gcc"]),
        (
            &[("PATH", "/nonexistent")],
            ["Go is not on this machine", "--go"],
        ),
        (
            &[("GOSAN_GO", "/nonexistent/go")],
            ["/nonexistent/go", "GOSAN_GO"],
        ),
        (
            &[("GOSAN_CACHE", "/dev/null/cache")],
            ["/dev/null/cache", "GOSAN_CACHE"],
        ),
    ] {
        let assert = gosan(module.path())
            .arg("test")
            .envs(env.iter().copied())
            .assert();
        let both = contains(texts[0]).and(contains(texts[1]));
        assert
            .code(1)
            .stderr(both.and(contains("gosan: ")))
            .stdout(is_empty());
    }
}

#[test]
fn refuses_an_old_go() {
    let module = Module::new(MODULE);
    let go = module.path().join("old-go");
    let script = "#!/bin/sh\necho '{\"GOROOT\":\"/old\",\"GOVERSION\":\"go1.21.5\",\
                  \"GOHOSTOS\":\"linux\",\"GOHOSTARCH\":\"amd64\",\
                  \"GOOS\":\"linux\",\"GOARCH\":\"amd64\"}'\n";
    write_script(&go, script);
    let refusal = contains("Go 1.21.5 is not supported; gosan works with Go 1.24 to 1.27");
    let mut command = gosan(module.path());
    command.args(["test", "--go"]).arg(&go).arg("./...");
    command.assert().code(1).stderr(refusal.clone());
    let mut command = gosan(module.path());
    command.args(["doctor", "--go"]).arg(&go);
    command.assert().code(1).stdout(refusal);
}

#[test]
fn takes_the_go_that_it_is_told() {
    let module = Module::new(MODULE);
    for place in [goroot(), goroot().join("bin/go")] {
        let mut command = gosan(module.path());
        command.arg("test").arg("--go").arg(place);
        command.env("GOSAN_GO", "/nonexistent/go");
        command.assert().success().stdout(contains("ok"));
    }
}

#[test]
fn doctor_tells_what_is_and_what_is_wrong() {
    let module = Module::new(MODULE);
    gosan(module.path()).arg("test").assert().success();
    let doctor = || {
        let mut command = gosan(module.path());
        command.arg("doctor");
        command
    };
    let goroot = goroot();
    let healthy = contains("gosan can work here.")
        .and(contains("built, and holds gosan's runtime"))
        .and(contains(goroot.to_str().unwrap()));
    doctor().assert().success().stdout(healthy);
    for (name, value, text) in [
        ("GORACE", "exitcod=3", "unknown option \"exitcod\""),
        ("GOFLAGS", "-race=false", "GOFLAGS has -race=false"),
        ("CGO_ENABLED", "0", "CGO_ENABLED=1"),
        (
            "GOSAN_CACHE",
            "/dev/null/cache",
            "/dev/null/cache cannot be written",
        ),
    ] {
        let problem = contains(text).and(contains("1 problem: see above."));
        doctor().env(name, value).assert().code(1).stdout(problem);
    }
}

#[test]
fn what_is_assembled_passes_vet() {
    let module = Module::new(MODULE);
    gosan(module.path()).arg("test").assert().success();
    let output = gosan(module.path()).arg("doctor").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let root = text
        .lines()
        .find_map(|line| line.strip_prefix("assembled GOROOT"))
        .expect(&text);
    // Whoever tests these packages has `go test` vet them.
    Command::new(Path::new(root.trim()).join("bin/go"))
        .args(["vet", "-race", "runtime", "sync", "internal/sync"])
        .args(["internal/race", "testing"])
        .current_dir(module.path())
        .env_remove("GOROOT")
        .assert()
        .success();
}

#[test]
fn a_cached_result_depends_on_gorace() {
    let module = Module::new(MODULE);
    let cached = || contains("(cached)");
    let run = |gorace| {
        let mut command = gosan(module.path());
        command
            .args(["test", "."])
            .env("GORACE", gorace)
            .assert()
            .success()
    };
    run("").stdout(cached().not());
    run("").stdout(cached());
    run("history_size=2").stdout(cached().not());
    run("history_size=2").stdout(cached());
}

#[test]
fn builds_of_the_standard_library_are_announced_once_and_quietly() {
    let module = Module::new(MODULE);
    let cache = tempfile::tempdir().unwrap();
    let announced = || contains("building the standard library");
    // Two at once share one root, and neither is in the other's way.
    let outputs: Vec<_> = thread::scope(|scope| {
        let run = || {
            let mut command = gosan(module.path());
            command.arg("test").env("GOSAN_CACHE", cache.path());
            command.output().unwrap()
        };
        let threads = [scope.spawn(run), scope.spawn(run)];
        threads.map(|thread| thread.join().unwrap()).into()
    });
    for output in outputs {
        output.assert().success().stdout(contains("ok"));
    }
    assert_eq!(names(&cache.path().join("goroots")).len(), 1);
    let again = || {
        let mut command = gosan(module.path());
        command.arg("test").env("GOSAN_CACHE", cache.path());
        command
    };
    again().assert().success().stderr(announced().not());
    // What was checked is gone, so it is built and checked again.
    for stamp in names(&cache.path().join("stamps")) {
        fs::remove_file(cache.path().join("stamps").join(stamp)).unwrap();
    }
    again().arg("--quiet").assert().success().stderr(is_empty());
    let mut clean = gosan(module.path());
    clean.arg("clean").env("GOSAN_CACHE", cache.path());
    clean
        .assert()
        .success()
        .stdout(contains("removed 1 assembled GOROOT"));
    assert!(!cache.path().exists());
}

#[test]
fn a_killed_gosan_leaves_no_half_root() {
    let module = Module::new(MODULE);
    let cache = tempfile::tempdir().unwrap();
    for delay in [20, 60, 120, 250, 400] {
        let mut command = gosan(module.path());
        command
            .args(["test", "--quiet"])
            .env("GOSAN_CACHE", cache.path());
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0);
        let mut child = command.spawn().unwrap();
        thread::sleep(Duration::from_millis(delay));
        let group = Pid::from_child(&child);
        kill_process_group(group, Signal::KILL).unwrap();
        child.wait().unwrap();
        for name in names(&cache.path().join("goroots")) {
            let root = cache.path().join("goroots").join(&name);
            let complete = root.join("bin/go").exists() && root.join("gosan-goroot.json").exists();
            assert!(
                complete || name.starts_with(".tmp-"),
                "{name} after {delay} ms"
            );
        }
    }
    let mut command = gosan(module.path());
    command.arg("clean").env("GOSAN_CACHE", cache.path());
    command.assert().success();
    assert!(!cache.path().exists());
}

#[test]
fn clean_waits_for_nobody_and_spoils_nothing() {
    let module = Module::new(MODULE);
    let (mut child, _output) = start_waiter(&module);
    let busy = contains("another gosan is running");
    gosan(module.path())
        .arg("clean")
        .assert()
        .code(1)
        .stderr(busy);
    kill_process_group(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    let empty = tempfile::tempdir().unwrap();
    let mut command = gosan(module.path());
    command
        .arg("clean")
        .env("GOSAN_CACHE", empty.path().join("none"));
    command
        .assert()
        .success()
        .stdout(contains("nothing to remove"));
}

/// Starts the program that waits for Ctrl-C, in a process group of its own as
/// a shell would, and returns when it waits.
fn start_waiter(module: &Module) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut command = gosan(module.path());
    command.args(["run", "./wait"]).process_group(0);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    (child, output)
}

#[test]
fn ctrl_c_reaches_the_program_and_its_reports_are_printed() {
    let module = Module::new(MODULE);
    let (child, _output) = start_waiter(&module);
    kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let report = contains("WARNING: DATA RACE").and(contains("exit status 66"));
    output.assert().code(1).stderr(report);
}

#[test]
fn a_signal_for_gosan_alone_is_passed_on() {
    let module = Module::new(MODULE);
    let (mut child, _output) = start_waiter(&module);
    let start = Instant::now();
    let group = Pid::from_child(&child);
    kill_process(group, Signal::TERM).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(128 + 15));
    assert!(start.elapsed() < Duration::from_secs(5));
    // The program itself is go's child, and lives on as it does under go.
    let _ = kill_process_group(group, Signal::KILL);
}

#[test]
fn works_inside_the_real_goroot() {
    let place = tempfile::tempdir().unwrap();
    let profile = place.path().join("ring.out");
    let mut command = gosan(&goroot().join("src/container/ring"));
    command
        .args(["test", "-c", "-o"])
        .arg(place.path().join("ring.test"));
    command.assert().success();
    assert!(place.path().join("ring.test").exists());
    let mut command = gosan(place.path());
    command.args(["test", "-C"]).arg(goroot().join("src"));
    command
        .arg("-coverprofile")
        .arg(&profile)
        .arg("./container/ring");
    command
        .assert()
        .success()
        .stdout(contains("ok  \tcontainer/ring"));
    assert!(profile.exists());
    let mut command = gosan(place.path());
    command.arg("test").arg(goroot().join("src/container/heap"));
    command
        .assert()
        .success()
        .stdout(contains("ok  \tcontainer/heap"));
}

#[test]
fn programs_report_by_themselves_with_the_users_paths() {
    let module = Module::new(
        r#"
-- go.mod --
module example.com/m

go 1.24
-- main.go --
package main

import "sort"

func main() {
	values := []int{3, 1, 2}
	done := make(chan bool)
	go func() {
		sort.Ints(values)
		close(done)
	}()
	sort.Slice(values, func(a, b int) bool { return values[a] < values[b] })
	<-done
}
"#,
    );
    gosan(module.path())
        .args(["build", "-o", "racy"])
        .assert()
        .success();
    let run = |gorace| {
        let mut command = Command::new(module.path().join("racy"));
        command.env_clear().env("GORACE", gorace).assert()
    };
    let users = contains(format!("{}/src/", goroot().display()));
    let assembled = contains("goroots").not();
    let report = contains("WARNING: DATA RACE").and(users).and(assembled);
    run("").code(66).stderr(report);
    run("exitcode=5").code(5);
}
