//! The table of all changes that gosan makes to a GOROOT, apart from the race
//! objects themselves. To support a new release of Go, start here: the tests
//! say which anchors it has changed.

use crate::patch::{Change, Need, Patch};
use crate::schedule_table::SCHEDULE_PATCHES;
use crate::version::SUPPORTED_MINORS;

/// Every release line that gosan knows.
pub(crate) const ALL: (u32, u32) = (*SUPPORTED_MINORS.start(), *SUPPORTED_MINORS.end());

/// What a root is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Everything but schedules.
    Plain,
    /// `gosan test --schedules`. What it needs is left out of the other, which
    /// so pays nothing for it.
    Schedules,
}

/// Where the race objects lie, relative to the GOROOT: one for each level of
/// GOAMD64 that Go tells apart.
pub const OBJECTS: [&str; 2] = [
    "src/runtime/race/internal/amd64v1/race_linux.syso",
    "src/runtime/race/internal/amd64v3/race_linux.syso",
];

pub(crate) const MUTEX: &str = "src/internal/sync/mutex.go";
pub(crate) const RWMUTEX: &str = "src/sync/rwmutex.go";

/// A file of gosan's own that every root has.
pub(crate) const fn added(file: &'static str, template: &'static str) -> Patch {
    Patch {
        file,
        minors: ALL,
        change: Change::New { template },
        need: Need::Required,
    }
}

/// A change to a file that nothing works without.
pub(crate) const fn changed(
    file: &'static str,
    anchor: &'static str,
    replacement: &'static str,
) -> Patch {
    changed_each(file, anchor, replacement, 1)
}

/// As [`changed`], where the text occurs several times.
const fn changed_each(
    file: &'static str,
    anchor: &'static str,
    replacement: &'static str,
    times: usize,
) -> Patch {
    Patch {
        file,
        minors: ALL,
        change: Change::Replace {
            anchor,
            replacement,
            times,
        },
        need: Need::Required,
    }
}

/// The hook for an access to one byte: how it begins, which ends with the address in
/// AX; the function of the object; what is looked for; how that function is called.
macro_rules! byte_hook {
    ($begins:literal, $quick:literal, $kind:literal, $call:literal) => {
        concat!(
            "#include \"gosan_quick_amd64.h\"\n#define QUICK ",
            $quick,
            "\n",
            include_str!(concat!("../patches/race_amd64/", $kind, ".h")),
            $begins,
            include_str!("../patches/race_amd64/race_look.h"),
            include_str!(concat!("../patches/race_amd64/", $call, ".h")),
            "#undef QUICK\n#undef UNLIKE\n#undef NOTED_BY\n#undef RECORD\n#undef KNOWN\n",
        )
    };
}

const CHECKPTR: Need = Need::Optional {
    falls_back: "checks of unsafe pointers take longer",
};

/// The changes, in no particular order: each file is changed once or more, and
/// later entries see what earlier ones made of it.  What is added to a file
/// stands on a line that is there already: stacks, and the test log's
/// `testing.go:1490`, show the numbers that the user's files have.
pub const PATCHES: &[Patch] = &[
    // The declarations of the object's own symbols, and what calls them.
    added(
        "src/runtime/race_gosan.go",
        include_str!("../patches/race_gosan.go"),
    ),
    added(
        "src/runtime/race0_gosan.go",
        include_str!("../patches/race0_gosan.go"),
    ),
    // The object learns how to name files before anything can race.
    changed(
        "src/runtime/race.go",
        "\tracecall(&__tsan_init, uintptr(unsafe.Pointer(&gctx)), \
                     uintptr(unsafe.Pointer(&pctx)), \
                     abi.FuncPCABI0(racecallbackthunk), 0)\n",
        "\tracecall(&__tsan_init, uintptr(unsafe.Pointer(&gctx)), \
                          uintptr(unsafe.Pointer(&pctx)), \
                          abi.FuncPCABI0(racecallbackthunk), 0); \
                          racestartobject()\n",
    ),
    // The end of the program waits for what is still running.
    Patch {
        file: "src/runtime/race.go",
        minors: ALL,
        change: Change::Replace {
            anchor: "\nfunc racefini() {\n",
            replacement: "\nfunc racefini() { racequiesce()\n",
            times: 1,
        },
        need: Need::Optional {
            falls_back: "the end of a program does not wait for accesses that are about to happen",
        },
    },
    // A race build keeps twice the guard below a stack, which leaves 192 bytes of the
    // smallest: each goroutine would be moved to the next size when it begins.
    Patch {
        file: "src/runtime/stack.go",
        minors: ALL,
        change: Change::Replace {
            anchor: "\tstackMin = 2048\n",
            replacement: "\tstackMin = 2048 * sys.StackGuardMultiplier\n",
            times: 1,
        },
        need: Need::Optional {
            falls_back: "a goroutine's stack is moved when it begins",
        },
    },
    // What the object would answer at once is answered where it is asked.  The
    // lines of the file stay where they are: they are in stacks.
    added(
        "src/runtime/gosan_quick_amd64.h",
        include_str!("../patches/race_amd64/quick.h"),
    ),
    added(
        "src/runtime/gosan_raceread_amd64.h",
        byte_hook!(
            "TEXT\truntime·raceread<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-8\n",
            "__gosan_quick_read",
            "reads",
            "race_byte"
        ),
    ),
    added(
        "src/runtime/gosan_racewrite_amd64.h",
        byte_hook!(
            "TEXT\truntime·racewrite<ABIInternal>(SB), NOSPLIT|NOFRAME, $0-8\n",
            "__gosan_quick_write",
            "writes",
            "race_byte"
        ),
    ),
    added(
        "src/runtime/gosan_racereadrange_amd64.h",
        concat!(
            "#define HOOK runtime·racereadrange\n#define QUICK __gosan_quick_readrange\n",
            include_str!("../patches/race_amd64/reads.h"),
            include_str!("../patches/race_amd64/race_range.h"),
            "#undef HOOK\n#undef QUICK\n#undef UNLIKE\n#undef NOTED_BY\n#undef RECORD\n#undef KNOWN\n",
        ),
    ),
    added(
        "src/runtime/gosan_racewriterange_amd64.h",
        concat!(
            "#define HOOK runtime·racewriterange\n#define QUICK __gosan_quick_writerange\n",
            include_str!("../patches/race_amd64/writes.h"),
            include_str!("../patches/race_amd64/race_range.h"),
            "#undef HOOK\n#undef QUICK\n#undef UNLIKE\n#undef NOTED_BY\n#undef RECORD\n#undef KNOWN\n",
        ),
    ),
    added(
        "src/runtime/gosan_racefuncenter_amd64.h",
        include_str!("../patches/race_amd64/racefuncenter.h"),
    ),
    added(
        "src/runtime/gosan_racefuncexit_amd64.h",
        include_str!("../patches/race_amd64/racefuncexit.h"),
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·raceread<ABIInternal>(SB), NOSPLIT, $0-8\n",
        "#include \"gosan_raceread_amd64.h\"\n",
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racewrite<ABIInternal>(SB), NOSPLIT, $0-8\n",
        "#include \"gosan_racewrite_amd64.h\"\n",
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racefuncenter(SB), NOSPLIT, $0-8\n\
                     \tMOVQ\tcallpc+0(FP), R11\n",
        "#include \"gosan_racefuncenter_amd64.h\"\n\n",
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racefuncexit(SB), NOSPLIT, $0-0\n",
        "#include \"gosan_racefuncexit_amd64.h\"\n",
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racereadrange<ABIInternal>(SB), NOSPLIT, $0-16\n",
        "#include \"gosan_racereadrange_amd64.h\"\n",
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racewriterange<ABIInternal>(SB), NOSPLIT, $0-16\n",
        "#include \"gosan_racewriterange_amd64.h\"\n",
    ),
    added(
        "src/runtime/gosan_racereadpc_amd64.h",
        byte_hook!(
            "\tMOVQ\taddr+0(FP), AX\n",
            "__gosan_quick_read_pc",
            "reads",
            "race_byte_pc"
        ),
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racereadpc(SB), NOSPLIT, $0-24\n\tMOVQ\taddr+0(FP), RARG1\n",
        "TEXT\truntime·racereadpc(SB), NOSPLIT|NOFRAME, $0-24\n\
         #include \"gosan_racereadpc_amd64.h\"\n",
    ),
    added(
        "src/runtime/gosan_racewritepc_amd64.h",
        byte_hook!(
            "\tMOVQ\taddr+0(FP), AX\n",
            "__gosan_quick_write_pc",
            "writes",
            "race_byte_pc"
        ),
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racewritepc(SB), NOSPLIT, $0-24\n\tMOVQ\taddr+0(FP), RARG1\n",
        "TEXT\truntime·racewritepc(SB), NOSPLIT|NOFRAME, $0-24\n\
         #include \"gosan_racewritepc_amd64.h\"\n",
    ),
    added(
        "src/runtime/gosan_racereadrangepc1_amd64.h",
        concat!(
            "#define QUICK __gosan_quick_readrange\n",
            include_str!("../patches/race_amd64/race_range_pc.h"),
            "#undef QUICK\n",
        ),
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racereadrangepc1(SB), NOSPLIT, $0-24\n",
        "TEXT\truntime·racereadrangepc1(SB), NOSPLIT|NOFRAME, $0-24\n",
    ),
    changed(
        "src/runtime/race_amd64.s",
        "\tADDQ\t$1, RARG3 // pc is function start, tsan wants return address\n\
         \t// void __tsan_read_range(ThreadState *thr, void *addr, uintptr size, void *pc);\n",
        "\tADDQ\t$1, RARG3 // pc is function start, tsan wants return address\n\
         #include \"gosan_racereadrangepc1_amd64.h\"\n",
    ),
    added(
        "src/runtime/gosan_racewriterangepc1_amd64.h",
        concat!(
            "#define QUICK __gosan_quick_writerange\n",
            include_str!("../patches/race_amd64/race_range_pc.h"),
            "#undef QUICK\n",
        ),
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racewriterangepc1(SB), NOSPLIT, $0-24\n",
        "TEXT\truntime·racewriterangepc1(SB), NOSPLIT|NOFRAME, $0-24\n",
    ),
    changed(
        "src/runtime/race_amd64.s",
        "\tADDQ\t$1, RARG3 // pc is function start, tsan wants return address\n\
         \t// void __tsan_write_range(ThreadState *thr, void *addr, uintptr size, void *pc);\n",
        "\tADDQ\t$1, RARG3 // pc is function start, tsan wants return address\n\
         #include \"gosan_racewriterangepc1_amd64.h\"\n",
    ),
    // What orders goroutines is told on their own stacks, and what is allocated or freed;
    // RaceDisable by no call.
    added(
        "src/runtime/quick_gosan_amd64.s",
        include_str!("../patches/race_amd64/quick.s"),
    ),
    changed(
        "src/runtime/race.go",
        "racecall(&__tsan_acquire, gp.racectx, uintptr(addr), 0, 0)",
        "raceorder(&__gosan_quick_acquire, &__tsan_acquire, gp.racectx, uintptr(addr))",
    ),
    changed(
        "src/runtime/race.go",
        "racecall(&__tsan_release, gp.racectx, uintptr(addr), 0, 0)",
        "raceorder(&__gosan_quick_release, &__tsan_release, gp.racectx, uintptr(addr))",
    ),
    changed(
        "src/runtime/race.go",
        "racecall(&__tsan_release_acquire, gp.racectx, uintptr(addr), 0, 0)",
        "raceorder(&__gosan_quick_release_acquire, &__tsan_release_acquire, gp.racectx, uintptr(addr))",
    ),
    changed(
        "src/runtime/race.go",
        "racecall(&__tsan_release_merge, gp.racectx, uintptr(addr), 0, 0)",
        "raceorder(&__gosan_quick_release_merge, &__tsan_release_merge, gp.racectx, uintptr(addr))",
    ),
    changed(
        "src/runtime/race.go",
        "\tracecall(&__tsan_free, uintptr(p), sz, 0, 0)\n",
        "\tif !racequick(&__gosan_quick_clear, uintptr(p), sz) { racecall(&__tsan_free, uintptr(p), sz, 0, 0) }\n",
    ),
    changed(
        "src/runtime/race.go",
        "racecall(&__tsan_go_ignore_sync_begin, gp.racectx, 0, 0, 0)",
        "raceignoresync(gp.racectx, 1)",
    ),
    changed(
        "src/runtime/race.go",
        "racecall(&__tsan_go_ignore_sync_end, gp.racectx, 0, 0, 0)",
        "raceignoresync(gp.racectx, -1)",
    ),
    added(
        "src/runtime/gosan_racecallatomic_amd64.h",
        include_str!("../patches/race_amd64/racecallatomic.h"),
    ),
    changed(
        "src/runtime/race_amd64.s",
        "TEXT\truntime·racecall(SB), NOSPLIT, $0-0\n",
        "#include \"gosan_racecallatomic_amd64.h\"\n",
    ),
    changed(
        "src/runtime/race_amd64.s",
        "\tLEAQ\t16(SP), RARG3\t// arguments\n\tJMP\tracecall<>(SB)\t// does not return\n",
        "\tLEAQ\t16(SP), RARG3\t// arguments\n\tJMP\tracequickatomic<>(SB)\t// does not return\n",
    ),
    // A mutex is told of once for each operation.  What it does to its state, and a
    // RWMutex where it does not want to be heard, is no atomic operation of the
    // program's.
    added(
        "src/internal/race/race_gosan.go",
        include_str!("../patches/internal_race_gosan.go"),
    ),
    added(
        "src/internal/race/race0_gosan.go",
        include_str!("../patches/internal_race0_gosan.go"),
    ),
    changed(
        MUTEX,
        "\t\"sync/atomic\"\n",
        "\t\"internal/runtime/atomic\"\n",
    ),
    changed_each(
        MUTEX,
        "atomic.CompareAndSwapInt32(&m.state,",
        "atomic.Casint32(&m.state,",
        5,
    ),
    changed_each(
        MUTEX,
        "atomic.AddInt32(&m.state,",
        "atomic.Xaddint32(&m.state,",
        2,
    ),
    changed_each(
        MUTEX,
        "race.Acquire(unsafe.Pointer(m))",
        "race.Locked(unsafe.Pointer(m))",
        3,
    ),
    changed(
        MUTEX,
        "race.Release(unsafe.Pointer(m))",
        "race.Unlocks(unsafe.Pointer(m))",
    ),
    changed(
        MUTEX,
        "\tm.lockSlow()\n}\n",
        "\trace.Waits(unsafe.Pointer(m)); m.lockSlow()\n}\n",
    ),
    changed(
        RWMUTEX,
        "\t\"sync/atomic\"\n",
        "\t\"internal/runtime/atomic\"\n",
    ),
    // Locks and allocations are told where the program's options ask for it.
    changed(
        "src/runtime/race.go",
        "\nfunc race_Acquire(addr unsafe.Pointer) {\n\tRaceAcquire(addr)\n}\n",
        "\nfunc race_Acquire(addr unsafe.Pointer) {\n\tRaceAcquire(addr); \
                          if raceBuild.locks { racelock(addr) }\n}\n",
    ),
    changed(
        "src/runtime/race.go",
        "\nfunc race_Release(addr unsafe.Pointer) {\n\tRaceRelease(addr)\n}\n",
        "\nfunc race_Release(addr unsafe.Pointer) {\n\tRaceRelease(addr); \
                          if raceBuild.locks { racelock(addr) }\n}\n",
    ),
    changed(
        "src/runtime/race.go",
        "\nfunc race_ReleaseMerge(addr unsafe.Pointer) {\n\tRaceReleaseMerge(addr)\n}\n",
        "\nfunc race_ReleaseMerge(addr unsafe.Pointer) {\n\tRaceReleaseMerge(addr); \
                          if raceBuild.locks { racelock(addr) }\n}\n",
    ),
    changed(
        "src/runtime/race.go",
        "\n\tracecall(&__tsan_malloc, 0, 0, uintptr(p), sz)\n",
        "\n\tif !racequick(&__gosan_quick_clear, uintptr(p), sz) { racecall(&__tsan_malloc, 0, 0, uintptr(p), sz) }; \
                          if raceBuild.allocations { raceallocated(p) }\n",
    ),
    // The check of unsafe pointers, which -race brings along, looks each object up once
    // and not twice.  Its answers are the same.
    added(
        "src/runtime/checkptr_gosan.go",
        include_str!("../patches/checkptr_gosan.go"),
    ),
    Patch {
        file: "src/runtime/checkptr.go",
        minors: ALL,
        change: Change::Replace {
            anchor: "\treturn checkptrBase(ptr) != checkptrBase(end)\n",
            replacement: "\treturn !checkptrSameObject(ptr, end) && \
                          checkptrBase(ptr) != checkptrBase(end)\n",
            times: 1,
        },
        need: CHECKPTR,
    },
    Patch {
        file: "src/runtime/checkptr.go",
        minors: ALL,
        change: Change::Replace {
            anchor: "\tbase := checkptrBase(p)\n",
            replacement: "\tfor _, original := range originals { \
                          if checkptrSameObject(p, original) { return } }; \
                          base := checkptrBase(p)\n",
            times: 1,
        },
        need: CHECKPTR,
    },
    // A recovered panic skips the exits of the frames that it unwinds.
    Patch {
        file: "src/runtime/panic.go",
        minors: ALL,
        change: Change::Replace {
            anchor: "\n\tgp.sched.sp = sp\n",
            replacement: "\n\tif raceenabled { racerecovered(gp, sp) }; gp.sched.sp = sp\n",
            times: 1,
        },
        need: Need::Optional {
            falls_back: "stacks in reports may be wrong after a recovered panic",
        },
    },
    // Go caches a passed test by the variables and files that it read.  Reading
    // GORACE here, where reads are logged, makes another GORACE another run.
    Patch {
        file: "src/testing/testing.go",
        minors: ALL,
        change: Change::Replace {
            anchor: "\n\tm.before()\n\tdefer m.after()\n",
            replacement: "\n\tm.before(); raceInputs()\n\tdefer m.after()\n",
            times: 1,
        },
        need: Need::Optional {
            falls_back: "a cached test result is shown again after GORACE has changed",
        },
    },
    // Tests say their names, and their package's, to the object.
    added(
        "src/testing/race_gosan.go",
        include_str!("../patches/testing_race_gosan.go"),
    ),
    added(
        "src/testing/race0_gosan.go",
        include_str!("../patches/testing_race0_gosan.go"),
    ),
    changed(
        "src/testing/testing.go",
        "\n\tInit()\n\treturn &M{\n",
        "\n\tInit(); raceTestPackage(deps.ImportPath())\n\treturn &M{\n",
    ),
    changed(
        "src/testing/testing.go",
        "\nfunc tRunner(t *T, fn func(t *T)) {\n",
        "\nfunc tRunner(t *T, fn func(t *T)) { raceTestStarts(t.name)\n",
    ),
    changed(
        "src/testing/fuzz.go",
        "\nfunc fRunner(f *F, fn func(*F)) {\n",
        "\nfunc fRunner(f *F, fn func(*F)) { raceTestStarts(f.name)\n",
    ),
    changed(
        "src/testing/benchmark.go",
        "\nfunc (b *B) runN(n int) {\n",
        "\nfunc (b *B) runN(n int) { raceTestStarts(b.name)\n",
    ),
    changed(
        "src/testing/run_example.go",
        "\nfunc runExample(eg InternalExample) (ok bool) {\n",
        "\nfunc runExample(eg InternalExample) (ok bool) { \
                          raceTestStarts(eg.Name); defer raceTestStarts(\"\")\n",
    ),
];

/// The changes for Go 1.`minor`.
pub fn patches_for(minor: u32, flavour: Flavour) -> impl Iterator<Item = &'static Patch> {
    let further = match flavour {
        Flavour::Plain => &[][..],
        Flavour::Schedules => SCHEDULE_PATCHES,
    };
    let all = PATCHES.iter().chain(further.iter().copied().flatten());
    all.filter(move |patch| patch.applies_to(minor))
}

/// The line that keeps the assembled root's `go` from switching to another Go.
pub const PINNED_TOOLCHAIN: &str = "GOTOOLCHAIN=local";

/// The root's `go.env`: the user's own settings, with the toolchain pinned.
pub fn pinned_go_env(original: &str) -> String {
    let mut text: String = original
        .lines()
        .filter(|line| !line.trim_start().starts_with("GOTOOLCHAIN="))
        .flat_map(|line| [line, "\n"])
        .collect();
    text.push_str(PINNED_TOOLCHAIN);
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Values;
    use crate::toolchain::{Toolchain, find_go};
    use std::collections::BTreeMap;
    use std::fs;

    /// The Go on this machine must be one that every patch fits.
    #[test]
    fn every_anchor_is_in_the_go_at_hand() {
        let go = find_go(None).expect("the tests need a Go in PATH");
        let toolchain = Toolchain::query(&go, &std::env::temp_dir()).unwrap();
        let minor = toolchain.version.minor();
        let values = Values {
            assembled_goroot: "/assembled",
            user_goroot: toolchain.goroot.as_str(),
            runs: "/runs",
            version: "go1.26.0",
        };
        let mut texts = BTreeMap::new();
        for patch in patches_for(minor, Flavour::Schedules) {
            let current = texts
                .remove(patch.file)
                .or_else(|| fs::read_to_string(toolchain.goroot.join(patch.file)).ok());
            match patch.apply(current.as_deref(), minor, &values) {
                Ok(text) => texts.insert(patch.file, text),
                Err(misfit) => panic!("{}: {} {misfit}", toolchain.version, patch.file),
            };
        }
        assert!(texts.len() >= 17, "only {} files differ", texts.len());
    }

    #[test]
    fn new_files_are_filled_for_every_release() {
        for minor in SUPPORTED_MINORS {
            for patch in patches_for(minor, Flavour::Schedules) {
                if let Change::New { .. } = patch.change {
                    let values = Values {
                        assembled_goroot: "/a",
                        user_goroot: "/b",
                        runs: "/c",
                        version: "go1.26.0",
                    };
                    let text = patch.apply(None, minor, &values).unwrap();
                    assert!(!text.contains("{{"), "{} is not filled", patch.file);
                    let folder = patch.file.rsplit('/').nth(1).unwrap();
                    let is_go = text.contains(&format!("\npackage {folder}\n"));
                    assert_eq!(is_go, patch.file.ends_with(".go"), "{}", patch.file);
                }
            }
        }
    }

    /// Line numbers are the user's files'.
    #[test]
    fn no_change_moves_a_line() {
        for patch in PATCHES {
            if let Change::Replace {
                anchor,
                replacement,
                ..
            } = patch.change
            {
                let lines = |text: &str| text.matches('\n').count();
                assert_eq!(lines(anchor), lines(replacement), "{anchor}");
            }
        }
    }

    #[test]
    fn go_env_keeps_everything_but_the_toolchain() {
        let text = pinned_go_env("# c\nGOPROXY=x\nGOTOOLCHAIN=auto\nGOSUMDB=y");
        assert_eq!(text, "# c\nGOPROXY=x\nGOSUMDB=y\nGOTOOLCHAIN=local\n");
        assert_eq!(pinned_go_env(""), "GOTOOLCHAIN=local\n");
    }
}
