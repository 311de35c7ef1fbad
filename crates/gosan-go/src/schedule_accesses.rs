//! The changes for schedules by which goroutines can be delayed at accesses: see
//! `patches/schedule/accesses.go`.

use crate::patch::{Change, Need, Patch};
use crate::table::{ALL, changed};

/// Files that differ from release to release.
const fn replace_in(
    minors: (u32, u32),
    file: &'static str,
    anchor: &'static str,
    replacement: &'static str,
) -> Patch {
    Patch {
        file,
        minors,
        change: Change::Replace {
            anchor,
            replacement,
            times: 1,
        },
        need: Need::Required,
    }
}

/// A hook for accesses, in assembly: what it cannot answer at once first goes to a
/// function in Go, on the goroutine's own stack. Go's runtime walks through the
/// frame of who calls that, so it is of a function that does nothing else with the
/// stack pointer. `$size` puts the number of bytes into BX.
macro_rules! access {
    ($hook:literal, $size:literal, $to:literal) => {
        changed(
            concat!("src/runtime/gosan_", $hook, "_amd64.h"),
            "\nslow:\n",
            concat!(
                "\nslow: JMP gosan_",
                $hook,
                "<>(SB)\n\
                 TEXT gosan_",
                $hook,
                "<>(SB), NOSPLIT|NOFRAME, $0-0; NO_LOCAL_POINTERS; \
                 ADJSP $40; MOVQ BP, 32(SP); LEAQ 32(SP), BP; MOVQ AX, 16(SP); MOVQ BX, 24(SP); ",
                $size,
                "; CALL runtime·",
                $to,
                "<ABIInternal>(SB); \
                 MOVQ 16(SP), AX; MOVQ 24(SP), BX; MOVQ 32(SP), BP; ADJSP $-40; \
                 JMP gosan_",
                $hook,
                "_rest<>(SB)\n\
                 TEXT gosan_",
                $hook,
                "_rest<>(SB), NOSPLIT|NOFRAME, $0-0; MOVQ g_racectx(R14), RARG0\n"
            ),
        )
    };
}

/// A function of package runtime that does something with the map `$map`.
macro_rules! map {
    ($minors:expr, $file:literal, $access:literal, $kind:literal, $map:literal) => {
        replace_in(
            $minors,
            $file,
            concat!("\t\t", $access, "\n"),
            concat!(
                "\t\tgosanMap(unsafe.Pointer(",
                $map,
                "), ",
                $kind,
                ", callerpc); ",
                $access,
                "\n"
            ),
        )
    };
}

/// Releases with two kinds of maps, and with one.
const SWISS: (u32, u32) = (ALL.0, 25);
const ONE_MAP: (u32, u32) = (26, ALL.1);

/// Accesses that the compiler announces, and those of maps.
pub const ACCESSES: &[Patch] = &[
    access!("raceread", "MOVL $1, BX", "gosanReads"),
    access!("racewrite", "MOVL $1, BX", "gosanWrites"),
    access!("racereadrange", "NOP", "gosanReads"),
    access!("racewriterange", "NOP", "gosanWrites"),
    changed(
        "src/runtime/race.go",
        "\nfunc race_ReadPC(addr unsafe.Pointer, callerpc, pc uintptr) {\n",
        "\nfunc race_ReadPC(addr unsafe.Pointer, callerpc, pc uintptr) { \
         gosanMap(addr, gosanRead, callerpc)\n",
    ),
    changed(
        "src/runtime/race.go",
        "\nfunc race_WritePC(addr unsafe.Pointer, callerpc, pc uintptr) {\n",
        "\nfunc race_WritePC(addr unsafe.Pointer, callerpc, pc uintptr) { \
         gosanMap(addr, gosanWrite, callerpc)\n",
    ),
    map!(
        SWISS,
        "src/runtime/map_swiss.go",
        "racereadpc(unsafe.Pointer(m), callerpc, abi.FuncPCABIInternal(mapIterStart))",
        "gosanRead",
        "m"
    ),
    map!(
        SWISS,
        "src/runtime/map_swiss.go",
        "racereadpc(unsafe.Pointer(it.Map()), callerpc, abi.FuncPCABIInternal(mapIterNext))",
        "gosanRead",
        "it.Map()"
    ),
    map!(
        SWISS,
        "src/runtime/map_swiss.go",
        "pc := abi.FuncPCABIInternal(mapdelete)",
        "gosanWrite",
        "m"
    ),
    map!(
        SWISS,
        "src/runtime/map_swiss.go",
        "pc := abi.FuncPCABIInternal(mapclear)",
        "gosanWrite",
        "m"
    ),
    map!(
        ONE_MAP,
        "src/runtime/map.go",
        "racereadpc(unsafe.Pointer(m), callerpc, abi.FuncPCABIInternal(mapIterStart))",
        "gosanRead",
        "m"
    ),
    map!(
        ONE_MAP,
        "src/runtime/map.go",
        "racereadpc(unsafe.Pointer(it.Map()), callerpc, abi.FuncPCABIInternal(mapIterNext))",
        "gosanRead",
        "it.Map()"
    ),
    map!(
        ONE_MAP,
        "src/runtime/map.go",
        "pc := abi.FuncPCABIInternal(mapdelete)",
        "gosanWrite",
        "m"
    ),
    map!(
        ONE_MAP,
        "src/runtime/map.go",
        "pc := abi.FuncPCABIInternal(mapclear)",
        "gosanWrite",
        "m"
    ),
];
