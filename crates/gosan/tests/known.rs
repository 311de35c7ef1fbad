//! Races that do not count: baselines, comments in the sources, suppressions,
//! and what go's test cache makes of them; and the linker's flags, which the
//! names of globals need.

mod common;
#[path = "common/recorded.rs"]
mod recorded;

use std::fs;
use std::path::Path;

use common::{Module, gosan};
use gosan_wire::Status;
use recorded::{Run, run};

/// Two races, in functions of their own.
const MODULE: &str = r#"
-- go.mod --
module example.com/known

go 1.24
-- known.go --
package known

import "time"

func First(p *int) { *p = 1 }

func Second(p *int) { *p = 2 }

func twice(f func(*int)) {
	p := new(int)
	done := make(chan bool)
	go func() {
		f(p)
		time.Sleep(20 * time.Millisecond)
		done <- true
	}()
	time.Sleep(10 * time.Millisecond)
	f(p)
	<-done
}
-- known_test.go --
package known

import "testing"

var version = "none"

func TestFirst(t *testing.T)   { twice(First) }
func TestSecond(t *testing.T)  { twice(Second) }
func TestVersion(t *testing.T) { t.Log("version", version) }
"#;

fn module() -> Module {
    Module::new(MODULE)
}

fn test(module: &Module, words: &[&str]) -> Run {
    run(gosan(module.path()).arg("test").args(words))
}

fn status_of(run: &Run, test: &str) -> Status {
    let is_it = |race: &&gosan_wire::Race| race.test.as_deref() == Some(test);
    run.records.races.iter().find(is_it).unwrap().status
}

/// Changes a file, keeping its length and time, as far as go can see.
fn edit(path: &Path, change: impl FnOnce(String) -> String) {
    fs::write(path, change(fs::read_to_string(path).unwrap())).unwrap();
}

#[test]
fn a_baseline_lets_known_races_pass_and_new_ones_fail() {
    let module = module();
    let baseline = module.path().join("races.txt");
    let options = ["--baseline", "races.txt", "./..."];
    let missing = test(&module, &options);
    assert_eq!(missing.output.status.code(), Some(1));
    assert!(missing.all_output().contains("--update-baseline"));

    let writes = [
        "--baseline",
        "races.txt",
        "--update-baseline",
        "-run=First",
        ".",
    ];
    let written = test(&module, &writes);
    assert!(
        written
            .all_output()
            .contains("gosan: races added to the baseline: 1")
    );
    let text = fs::read_to_string(&baseline).unwrap();
    let line = text.lines().last().unwrap();
    assert!(
        line.ends_with(" data example.com/known.First | example.com/known.First"),
        "{line}"
    );

    let mixed = test(&module, &options);
    assert_eq!(mixed.output.status.code(), Some(1));
    assert_eq!(status_of(&mixed, "TestFirst"), Status::Known);
    assert_eq!(status_of(&mixed, "TestSecond"), Status::New);
    let all = mixed.all_output();
    assert!(
        all.contains("--- FAIL: TestSecond") && !all.contains("--- FAIL: TestFirst"),
        "{all}"
    );
    assert_eq!(all.matches("WARNING: DATA RACE").count(), 1);

    test(&module, &["--baseline=races.txt", "--update-baseline", "."]);
    assert_eq!(fs::read_to_string(&baseline).unwrap().lines().count(), 4);
    let known = test(&module, &options);
    assert_eq!(
        known.output.status.code(),
        Some(0),
        "{}",
        known.all_output()
    );
    assert_eq!(known.tests(), ["TestFirst", "TestSecond"]);

    // A line that is taken out makes the test run, and fail, again.
    assert!(test(&module, &options).stdout().contains("(cached)"));
    edit(&baseline, |text| {
        let kept = text.lines().filter(|line| !line.contains("Second"));
        kept.flat_map(|line| [line, "\n"]).collect()
    });
    let again = test(&module, &options);
    assert_eq!(
        again.output.status.code(),
        Some(1),
        "{}",
        again.all_output()
    );
    assert_eq!(status_of(&again, "TestSecond"), Status::New);
}

#[test]
fn comments_ignore_a_line_or_a_function() {
    let module = module();
    let source = module.path().join("known.go");
    edit(&source, |text| {
        text.replace("*p = 1 }", "*p = 1 } //gosan:ignore only a hint")
            .replace(
                "func Second",
                "// Second sets.\n//gosan:ignore\nfunc Second",
            )
    });
    let ignored = test(&module, &["."]);
    assert_eq!(
        ignored.output.status.code(),
        Some(0),
        "{}",
        ignored.all_output()
    );
    assert_eq!(status_of(&ignored, "TestFirst"), Status::Suppressed);
    assert_eq!(status_of(&ignored, "TestSecond"), Status::Suppressed);
    let rule = ignored.records.races[0].suppressed_by.as_deref().unwrap();
    assert!(rule.ends_with("known.go:5"), "{rule}");
    let all = ignored.all_output();
    assert!(
        all.contains("known.go:8: //gosan:ignore has no reason"),
        "{all}"
    );
    assert!(
        !all.contains("matched no race") && !all.contains("DATA RACE"),
        "{all}"
    );

    let trimmed = test(&module, &["-trimpath", "."]);
    assert_eq!(
        trimmed.output.status.code(),
        Some(0),
        "{}",
        trimmed.all_output()
    );

    // A comment that goes makes the test run, and fail, again.
    assert!(test(&module, &["."]).stdout().contains("(cached)"));
    edit(&source, |text| {
        text.replace(" //gosan:ignore only a hint", "")
    });
    let again = test(&module, &["."]);
    assert_eq!(
        again.output.status.code(),
        Some(1),
        "{}",
        again.all_output()
    );

    edit(&source, |text| {
        text.replace("*p = 1 }", "*p = 1 } //gosan:ignore only a hint")
            + "\nfunc other() {} //gosan:ignore nothing is here\n"
    });
    let stale = test(&module, &["."]).all_output();
    assert!(
        stale.contains("known.go:23: //gosan:ignore matched no race"),
        "{stale}"
    );
    assert_eq!(stale.matches("matched no race").count(), 1, "{stale}");
    let partial = test(&module, &["-run=First", "."]).all_output();
    assert!(!partial.contains("matched no race"), "{partial}");
    let quiet = test(&module, &["--quiet", "-count=1", "."]).all_output();
    assert!(!quiet.contains("gosan:"), "{quiet}");
}

/// Inside of the module go looks at the file; outside, gosan does.
#[test]
fn suppressions_are_a_part_of_the_test_caches_key() {
    let (module, outside) = (module(), tempfile::tempdir().unwrap());
    for directory in [module.path(), outside.path()] {
        let file = directory.join("rules");
        let options = format!("suppressions={}", file.display());
        let test = || {
            run(gosan(module.path())
                .args(["test", "."])
                .env("GORACE", &options))
        };
        fs::write(&file, "race:known.*\n").unwrap();
        let suppressed = test();
        assert_eq!(
            suppressed.output.status.code(),
            Some(0),
            "{}",
            suppressed.all_output()
        );
        let rule = suppressed.records.races[0].suppressed_by.as_deref();
        assert_eq!(rule, Some("race:known.*"));
        fs::write(&file, "race:first.*\n").unwrap();
        let again = test();
        assert_eq!(
            again.output.status.code(),
            Some(1),
            "{}",
            again.all_output()
        );
    }
}

#[test]
fn a_programs_own_options_name_a_baseline_too() {
    let module = module();
    let words = ["--baseline", "b", "--update-baseline", "-run=First", "."];
    let race = test(&module, &words).race().clone();
    let command = |gorace: &str| {
        run(gosan(module.path())
            .args(["test", "-count=1", "-run=First", "."])
            .env("GORACE", gorace))
    };
    let known = command(&format!("baseline={}/b", module.path().display()));
    assert_eq!(
        known.output.status.code(),
        Some(0),
        "{}",
        known.all_output()
    );
    assert_eq!(known.race().fingerprint, race.fingerprint);
    let missing = command("baseline=/nowhere/b").all_output();
    assert!(
        missing.contains("gosan: cannot read the baseline /nowhere/b"),
        "{missing}"
    );
    fs::write(module.path().join("b"), "\nnonsense\n").unwrap();
    let broken = command(&format!("baseline={}/b", module.path().display()));
    assert!(
        broken
            .all_output()
            .contains("/b:2: not a line of a baseline")
    );
}

#[test]
fn the_users_linker_flags_stay() {
    let module = module();
    for (goflags, words) in [
        (
            "",
            &["-ldflags=-X example.com/known.version=mine", "-v", "."][..],
        ),
        ("-ldflags=-X=example.com/known.version=mine", &["-v", "."]),
        (
            "",
            &[
                "-ldflags",
                "all=-X example.com/known.version=mine",
                "-v",
                ".",
            ],
        ),
    ] {
        let run = run(gosan(module.path())
            .arg("test")
            .args(words)
            .env("GOFLAGS", goflags));
        assert!(
            run.stdout().contains("version mine"),
            "{}",
            run.all_output()
        );
    }
}
