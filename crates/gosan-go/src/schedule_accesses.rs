//! The changes for schedules by which goroutines can be delayed at accesses: see
//! `patches/schedule/accesses.go`.

use crate::patch::Patch;
use crate::table::{ALL, changed};

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

/// The functions of package runtime that do something with a map, in a file that
/// some releases have.
macro_rules! maps {
    ($minors:expr, $file:literal) => {
        &[
            maps!($minors, $file, "racereadpc(unsafe.Pointer(m), callerpc, abi.FuncPCABIInternal(mapIterStart))", "gosanRead", "m"),
            maps!($minors, $file, "racereadpc(unsafe.Pointer(it.Map()), callerpc, abi.FuncPCABIInternal(mapIterNext))", "gosanRead", "it.Map()"),
            maps!($minors, $file, "pc := abi.FuncPCABIInternal(mapdelete)", "gosanWrite", "m"),
            maps!($minors, $file, "pc := abi.FuncPCABIInternal(mapclear)", "gosanWrite", "m"),
        ]
    };
    // Before `$access`, the hook for what is done with `$map`.
    ($minors:expr, $file:literal, $access:literal, $kind:literal, $map:literal) => {
        Patch {
            minors: $minors,
            ..changed(
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
        }
    };
}

/// Maps, while there were two kinds of them, and since.
pub const SWISS_MAPS: &[Patch] = maps!((ALL.0, 25), "src/runtime/map_swiss.go");
pub const MAPS: &[Patch] = maps!((26, ALL.1), "src/runtime/map.go");

/// Accesses that the compiler announces, and those that packages tell of.
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
];
