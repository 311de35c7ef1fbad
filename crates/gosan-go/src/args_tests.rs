//! How go's arguments are read.

use super::*;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn parse(subcommand: Subcommand, line: &str) -> GoArgs {
    GoArgs::parse(subcommand, words(line)).unwrap()
}

fn packages(args: &GoArgs) -> Vec<&str> {
    args.package_words().map(|w| w.to_str().unwrap()).collect()
}

fn names(args: &GoArgs) -> Vec<&str> {
    args.flags.iter().map(|flag| flag.name.as_str()).collect()
}

#[test]
fn tells_packages_from_values_of_test_flags() {
    for (line, expected) in [
        ("", &[][..]),
        ("./...", &["./..."]),
        ("-run TestX ./a ./b -count 3", &["./a", "./b"]),
        ("-run=TestX ./a -v ./b", &["./a"]),
        ("-short ./a", &["./a"]),
        ("-test.run TestX ./a", &["./a"]),
        ("--run TestX ./a", &["./a"]),
        ("-mine ./a", &[]),
        ("./a -mine ./b -v", &["./a"]),
        ("./a -args -run ./b", &["./a"]),
        ("-v -- ./a", &[]),
        (". -c -o x.test", &["."]),
    ] {
        assert_eq!(packages(&parse(Subcommand::Test, line)), expected, "{line}");
    }
}

#[test]
fn finds_gos_flags_among_the_test_programs() {
    for (line, expected) in [
        ("./a -mine -c", &["c"][..]),
        ("./a -mine value -c", &["c"]),
        ("./a -mine=value word -c", &[]),
        ("./a -args -c", &[]),
        ("-run -c ./a", &["run"]),
    ] {
        assert_eq!(names(&parse(Subcommand::Test, line)), expected, "{line}");
    }
}

#[test]
fn reads_build_and_run_up_to_the_first_other_word() {
    let args = parse(Subcommand::Build, "-o out -tags x ./cmd/a ./cmd/b");
    assert_eq!(packages(&args), ["./cmd/a", "./cmd/b"]);
    assert_eq!(args.value("o"), Some(OsStr::new("out")));

    let args = parse(Subcommand::Run, "-v ./cmd/a -o x -race=false b");
    assert_eq!(packages(&args), ["./cmd/a"]);
    assert_eq!(names(&args), ["v"]);

    let args = parse(Subcommand::Run, "a.go b.go c");
    assert_eq!(packages(&args), ["a.go", "b.go"]);
    assert!(packages(&parse(Subcommand::Run, "")).is_empty());
}

#[test]
fn takes_the_directory_only_from_the_front() {
    for line in ["-C sub -v ./a", "-C=sub -v ./a", "--C sub -v ./a"] {
        let args = parse(Subcommand::Test, line);
        assert_eq!(args.chdir.as_deref(), Some(Path::new("sub")), "{line}");
        assert_eq!(args.words, words("-v ./a"), "{line}");
        assert_eq!(args.directory(Path::new("/w")), Path::new("/w/sub"));
    }
    let args = parse(Subcommand::Test, "-v -C sub");
    assert_eq!(args.chdir, None);
    assert_eq!(args.words, words("-v -C sub"));
    let error = GoArgs::parse(Subcommand::Test, words("-C")).unwrap_err();
    assert!(matches!(error, Error::ChdirValueMissing));
}

#[test]
fn refuses_races_switched_off() {
    for line in [
        "-race=false",
        "--race=0 ./a",
        "./a -race=F",
        "-race -race=false",
    ] {
        let error = GoArgs::parse(Subcommand::Test, words(line)).unwrap_err();
        assert!(error.to_string().contains("-race=false"), "{line}");
    }
    for line in [
        "-race",
        "-race=true",
        "-run -race=false",
        ". -args -race=false",
    ] {
        GoArgs::parse(Subcommand::Test, words(line)).unwrap();
    }
    for (goflags, fine) in [
        ("", true),
        ("-race", true),
        ("-tags=a -race=false", false),
        ("-race=false -race=true", true),
        ("'-ldflags=-X a=-race=false'", true),
    ] {
        assert_eq!(check_goflags(goflags).is_ok(), fine, "{goflags}");
    }
}

#[test]
fn splits_like_go() {
    let split = |text| split_quoted(text);
    assert_eq!(split("  gcc  -m64 "), ["gcc", "-m64"]);
    assert_eq!(split("'/a b/cc' -O1"), ["/a b/cc", "-O1"]);
    assert_eq!(split("\"-ldflags=-s -w\""), ["-ldflags=-s -w"]);
    assert!(split(" ").is_empty());
}

proptest::proptest! {
    /// Whatever is typed, no word is lost, and every index is a word's.
    #[test]
    fn keeps_every_word(line in "(-{0,2}[a-zC.=]{0,6} ){0,8}") {
        for subcommand in [Subcommand::Test, Subcommand::Run, Subcommand::Build] {
            let Ok(args) = GoArgs::parse(subcommand, words(&line)) else { continue };
            if args.chdir.is_none() {
                assert_eq!(args.words, words(&line));
            }
            assert!(args.packages.iter().all(|&at| at < args.words.len()));
            assert!(args.flags.iter().all(|f| f.start + f.words <= args.words.len()));
        }
    }
}
