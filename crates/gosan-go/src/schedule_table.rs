//! The further changes of the GOROOT for schedules: hooks at which a goroutine
//! can be delayed, and choices that a schedule can make.
//!
//! The hooks are Go code in package runtime (`patches/schedule/`).
//! A patch adds no line to its file, since reports show the lines of the user's.
//! Every patch is required: a schedule without one of its hooks would look as if
//! it had found nothing.

use crate::patch::Patch;
use crate::schedule_accesses::{ACCESSES, MAPS, SWISS_MAPS};
use crate::table::{MUTEX, RWMUTEX, added, changed};

const CHAN: &str = "src/runtime/chan.go";
const SELECT: &str = "src/runtime/select.go";
const PROC: &str = "src/runtime/proc.go";
const TIME: &str = "src/runtime/time.go";
const WAITGROUP: &str = "src/sync/waitgroup.go";
const ATOMIC: &str = "src/sync/atomic/type.go";
const TESTING: &str = "src/testing/testing.go";

/// A method of package sync/atomic that does all in one line: `$head { $body }`.
macro_rules! atomic {
    ($head:expr, load, $body:expr) => {
        changed(
            ATOMIC,
            concat!("\nfunc (x *", $head, " { ", $body, " }\n"),
            concat!(
                "\nfunc (x *",
                $head,
                " { race.SchedulePoint(race.ScheduleLoad, unsafe.Pointer(x)); ",
                $body,
                " }\n"
            ),
        )
    };
    // Afterwards too: what the method returns is named `$result`.
    ($head:expr, around, $body:expr, $result:expr) => {
        changed(
            ATOMIC,
            concat!("\nfunc (x *", $head, " { return ", $body, " }\n"),
            concat!(
                "\nfunc (x *",
                $head,
                " { race.SchedulePoint(race.ScheduleAtomic, unsafe.Pointer(x)); ",
                $result,
                " = ",
                $body,
                "; race.SchedulePoint(race.ScheduleAtomicked, unsafe.Pointer(x)); return }\n"
            ),
        )
    };
    ($head:expr, around, $body:expr) => {
        changed(
            ATOMIC,
            concat!("\nfunc (x *", $head, " { ", $body, " }\n"),
            concat!(
                "\nfunc (x *",
                $head,
                " { race.SchedulePoint(race.ScheduleAtomic, unsafe.Pointer(x)); ",
                $body,
                "; race.SchedulePoint(race.ScheduleAtomicked, unsafe.Pointer(x)) }\n"
            ),
        )
    };
    // A method of several lines.
    ($head:expr, before) => {
        changed(
            ATOMIC,
            concat!("\nfunc (x *", $head, " {\n"),
            concat!(
                "\nfunc (x *",
                $head,
                " { race.SchedulePoint(race.ScheduleAtomic, unsafe.Pointer(x))\n"
            ),
        )
    };
}

/// The methods of an integer type of package sync/atomic that have hooks.
macro_rules! integer {
    ($type:literal, $value:literal) => {
        &[
            atomic!(
                concat!($type, ") Load() ", $value),
                load,
                concat!("return Load", $type, "(&x.v)")
            ),
            atomic!(
                concat!($type, ") Store(val ", $value, ")"),
                around,
                concat!("Store", $type, "(&x.v, val)")
            ),
            atomic!(
                concat!($type, ") Add(delta ", $value, ") (new ", $value, ")"),
                around,
                concat!("Add", $type, "(&x.v, delta)"),
                "new"
            ),
            atomic!(
                concat!(
                    $type,
                    ") CompareAndSwap(old, new ",
                    $value,
                    ") (swapped bool)"
                ),
                before
            ),
        ]
    };
}

/// The changes, in groups; they are made in this order.
pub const SCHEDULE_PATCHES: &[&[Patch]] = &[
    HOOKS,
    ACCESSES,
    SWISS_MAPS,
    MAPS,
    GOROUTINES,
    CHANNELS,
    SELECTS,
    RANDOM,
    TIMERS,
    CLOCK,
    LOCKS,
    WAIT_GROUPS,
    ATOMICS,
    integer!("Int32", "int32"),
    integer!("Int64", "int64"),
    integer!("Uint32", "uint32"),
    integer!("Uint64", "uint64"),
    TESTS,
];

/// The hooks themselves, and their way out of package runtime.
const HOOKS: &[Patch] = &[
    added(
        "src/runtime/schedule_gosan.go",
        include_str!("../patches/schedule/runtime.go"),
    ),
    added(
        "src/runtime/schedule_rounds_gosan.go",
        include_str!("../patches/schedule/rounds.go"),
    ),
    added(
        "src/runtime/schedule_orders_gosan.go",
        include_str!("../patches/schedule/orders.go"),
    ),
    added(
        "src/runtime/schedule_turns_gosan.go",
        include_str!("../patches/schedule/turns.go"),
    ),
    added(
        "src/runtime/schedule_accesses_gosan.go",
        include_str!("../patches/schedule/accesses.go"),
    ),
    added(
        "src/runtime/schedule_meetings_gosan.go",
        include_str!("../patches/schedule/meetings.go"),
    ),
    added(
        "src/runtime/schedule_pace_gosan.go",
        include_str!("../patches/schedule/pace.go"),
    ),
    added(
        "src/runtime/schedule_tests_gosan.go",
        include_str!("../patches/schedule/tests.go"),
    ),
    added(
        "src/runtime/schedule0_gosan.go",
        include_str!("../patches/schedule/runtime_norace.go"),
    ),
    added(
        "src/internal/race/schedule_gosan.go",
        include_str!("../patches/schedule/race.go"),
    ),
    added(
        "src/internal/race/schedule0_gosan.go",
        include_str!("../patches/schedule/race_norace.go"),
    ),
    added(
        "src/internal/race/schedule_kinds_gosan.go",
        include_str!("../patches/schedule/race_kinds.go"),
    ),
];

/// What a schedule knows of a goroutine; the program's start and end; a goroutine's start,
/// its creator's next step, its end.
const GOROUTINES: &[Patch] = &[
    // What a schedule knows of a goroutine.
    changed(
        "src/runtime/runtime2.go",
        "\tgcAssistBytes int64\n",
        "\tgcAssistBytes int64; gosan gosanGoroutine\n",
    ),
    // The schedule is read, put to work, and accounted for.
    changed(PROC, "\tgoenvs()\n", "\tgoenvs(); gosanEnv()\n"),
    changed(
        PROC,
        "\tfn := main_main // ",
        "\tgosanArm(); fn := main_main // ",
    ),
    changed(
        PROC,
        "\nfunc os_beforeExit(exitCode int) {\n",
        "\nfunc os_beforeExit(exitCode int) { gosanFinish()\n",
    ),
    // A goroutine's start, its creator's next step, its end.
    changed(
        PROC,
        "\nfunc newproc(fn *funcval) {\n\tgp := getg()\n\tpc := sys.GetCallerPC()\n",
        "\nfunc newproc(fn *funcval) {\n\tgp := getg()\n\tpc := sys.GetCallerPC(); \
         if wait := gosanChildDelay(gp, fn); wait > 0 { gosanStartLater(gp, fn, pc, wait); gosanStarted(fn); return }\n",
    ),
    changed(
        PROC,
        "\t\tnewg := newproc1(fn, gp, pc, false, waitReasonZero)\n\n\
         \t\tpp := getg().m.p.ptr()\n\
         \t\trunqput(pp, newg, true)\n\n\
         \t\tif mainStarted {\n\
         \t\t\twakep()\n\
         \t\t}\n\
         \t})\n",
        "\t\tnewg := newproc1(fn, gp, pc, false, waitReasonZero); \
         gosanBorn(gp, newg, fn)\n\n\
         \t\tpp := getg().m.p.ptr()\n\
         \t\trunqput(pp, newg, true)\n\n\
         \t\tif mainStarted {\n\
         \t\t\twakep()\n\
         \t\t}\n\
         \t}); gosanStarted(fn)\n",
    ),
    changed(
        PROC,
        "\nfunc goexit1() {\n\tif raceenabled {\n",
        "\nfunc goexit1() {\n\tif raceenabled { gosanLeave()\n",
    ),
];

const CHANNELS: &[Patch] = &[
    changed(
        CHAN,
        "//go:nosplit\nfunc chansend1(c *hchan, elem unsafe.Pointer) {\n\
         \tchansend(c, elem, true, sys.GetCallerPC())\n",
        "//\nfunc chansend1(c *hchan, elem unsafe.Pointer) { \
         gosanPoint(gosanSend, unsafe.Pointer(c))\n\
         \tchansend(c, elem, true, sys.GetCallerPC()); \
         gosanPoint(gosanSent, unsafe.Pointer(c))\n",
    ),
    changed(
        CHAN,
        "//go:nosplit\nfunc chanrecv1(c *hchan, elem unsafe.Pointer) {\n\
         \tchanrecv(c, elem, true)\n",
        "//\nfunc chanrecv1(c *hchan, elem unsafe.Pointer) { \
         gosanPoint(gosanRecv, unsafe.Pointer(c))\n\
         \tchanrecv(c, elem, true); gosanPoint(gosanReceived, unsafe.Pointer(c))\n",
    ),
    changed(
        CHAN,
        "//go:nosplit\nfunc chanrecv2(c *hchan, elem unsafe.Pointer) (received bool) {\n\
         \t_, received = chanrecv(c, elem, true)\n",
        "//\nfunc chanrecv2(c *hchan, elem unsafe.Pointer) (received bool) { \
         gosanPoint(gosanRecv, unsafe.Pointer(c))\n\
         \t_, received = chanrecv(c, elem, true); \
         gosanPoint(gosanReceived, unsafe.Pointer(c))\n",
    ),
    changed(
        CHAN,
        "\nfunc closechan(c *hchan) {\n",
        "\nfunc closechan(c *hchan) { gosanPoint(gosanClose, unsafe.Pointer(c))\n",
    ),
    changed(
        CHAN,
        "\tfor !glist.empty() {\n\t\tgp := glist.pop()\n\t\tgp.schedlink = 0\n\
         \t\tgoready(gp, 3)\n\t}\n}\n",
        "\tfor !glist.empty() {\n\t\tgp := glist.pop()\n\t\tgp.schedlink = 0\n\
         \t\tgoready(gp, 3)\n\t}; \
         gosanPoint(gosanClosed, unsafe.Pointer(c))\n}\n",
    ),
    changed(
        CHAN,
        "\nfunc selectnbsend(c *hchan, elem unsafe.Pointer) (selected bool) {\n",
        "\nfunc selectnbsend(c *hchan, elem unsafe.Pointer) (selected bool) { \
         gosanPoint(gosanTry, unsafe.Pointer(c))\n",
    ),
    changed(
        CHAN,
        "\nfunc selectnbrecv(elem unsafe.Pointer, c *hchan) (selected, received bool) {\n",
        "\nfunc selectnbrecv(elem unsafe.Pointer, c *hchan) (selected, received bool) { \
         gosanPoint(gosanTryRecv, unsafe.Pointer(c))\n",
    ),
];

/// Select, and which ready case it takes.
const SELECTS: &[Patch] = &[
    changed(
        SELECT,
        "block bool) (int, bool) {\n\tgp := getg()\n\tif debugSelect {\n",
        "block bool) (int, bool) { gosanPoint(gosanSelect, nil)\n\
         \tgp := getg()\n\tif debugSelect {\n",
    ),
    changed(
        SELECT,
        "\t\tj := cheaprandn(uint32(norder + 1))\n",
        "\t\tj := gosanChoice(uint32(norder + 1))\n",
    ),
    changed(
        SELECT,
        "\treturn casi, recvOK\n",
        "\tgosanPoint(gosanSelected, unsafe.Pointer(c)); return casi, recvOK\n",
    ),
];

/// Random numbers: the order of maps, and package math/rand.
const RANDOM: &[Patch] = &[
    changed(
        "src/runtime/rand.go",
        "\nfunc rand() uint64 {\n",
        "\nfunc rand() uint64 { if x, ok := gosanRand(); ok { return x }\n",
    ),
    changed(
        "src/runtime/rand.go",
        "\nfunc maps_rand() uint64 {\n\treturn rand()\n",
        "\nfunc maps_rand() uint64 {\n\treturn gosanMapRand()\n",
    ),
];

const TIMERS: &[Patch] = &[
    changed(
        TIME,
        "\nfunc timeSleep(ns int64) {\n\tif ns <= 0 {\n\t\treturn\n\t}\n",
        "\nfunc timeSleep(ns int64) { ns = gosanNap(ns)\n\tif ns <= 0 {\n\t\treturn\n\t}\n",
    ),
    changed(
        TIME,
        "arg any, c *hchan) *timeTimer {\n\tt := new(timeTimer)\n",
        "arg any, c *hchan) *timeTimer { when = gosanWhen(when, c == nil)\n\
         \tt := new(timeTimer)\n",
    ),
    changed(
        TIME,
        "\nfunc resetTimer(t *timeTimer, when, period int64) bool {\n",
        "\nfunc resetTimer(t *timeTimer, when, period int64) bool { \
         when = gosanWhen(when, false)\n",
    ),
];

/// The clock that package time reads.
const CLOCK: &[Patch] = &[
    changed(
        TIME,
        "\t}\n\treturn time_now()\n}\n",
        "\t}\n\treturn gosanClock(time_now())\n}\n",
    ),
    changed(
        TIME,
        "\treturn nanotime()\n",
        "\treturn nanotime() + gosanAhead()\n",
    ),
];

const LOCKS: &[Patch] = &[
    changed(
        MUTEX,
        "\nfunc (m *Mutex) Lock() {\n",
        "\nfunc (m *Mutex) Lock() { \
         race.SchedulePoint(race.ScheduleLock, unsafe.Pointer(m))\n",
    ),
    changed(
        MUTEX,
        "\t\t\trace.Locked(unsafe.Pointer(m))\n\t\t}\n\t\treturn\n\t}\n",
        "\t\t\trace.Locked(unsafe.Pointer(m))\n\t\t}; \
         race.SchedulePoint(race.ScheduleLocked, unsafe.Pointer(m))\n\
         \t\treturn\n\t}\n",
    ),
    changed(
        MUTEX,
        "m.lockSlow()\n}\n",
        "m.lockSlow(); \
         race.SchedulePoint(race.ScheduleLocked, unsafe.Pointer(m))\n}\n",
    ),
    changed(
        MUTEX,
        "\nfunc (m *Mutex) Unlock() {\n",
        "\nfunc (m *Mutex) Unlock() { \
         race.SchedulePoint(race.ScheduleUnlock, unsafe.Pointer(m))\n",
    ),
    changed(
        MUTEX,
        "\t\tm.unlockSlow(new)\n\t}\n}\n",
        "\t\tm.unlockSlow(new)\n\t}; \
         race.SchedulePoint(race.ScheduleUnlocked, unsafe.Pointer(m))\n}\n",
    ),
    changed(
        RWMUTEX,
        "\nfunc (rw *RWMutex) Lock() {\n",
        "\nfunc (rw *RWMutex) Lock() { \
         race.SchedulePoint(race.ScheduleLock, unsafe.Pointer(rw))\n",
    ),
    changed(
        RWMUTEX,
        "\nfunc (rw *RWMutex) RLock() {\n",
        "\nfunc (rw *RWMutex) RLock() { \
         race.SchedulePoint(race.ScheduleLock, unsafe.Add(unsafe.Pointer(rw), 1))\n",
    ),
    changed(
        RWMUTEX,
        "\t\trace.Enable()\n\t\trace.Acquire(unsafe.Pointer(&rw.readerSem))\n\t}\n}\n",
        "\t\trace.Enable()\n\t\trace.Acquire(unsafe.Pointer(&rw.readerSem))\n\t}; \
         race.SchedulePoint(race.ScheduleLocked, unsafe.Add(unsafe.Pointer(rw), 1))\n}\n",
    ),
    changed(
        RWMUTEX,
        "\nfunc (rw *RWMutex) RUnlock() {\n",
        "\nfunc (rw *RWMutex) RUnlock() { \
         race.SchedulePoint(race.ScheduleUnlock, unsafe.Add(unsafe.Pointer(rw), 1))\n",
    ),
    changed(
        RWMUTEX,
        "\t\trw.rUnlockSlow(r)\n\t}\n\tif race.Enabled {\n\t\trace.Enable()\n\t}\n}\n",
        "\t\trw.rUnlockSlow(r)\n\t}\n\tif race.Enabled {\n\t\trace.Enable()\n\t}; \
         race.SchedulePoint(race.ScheduleUnlocked, unsafe.Add(unsafe.Pointer(rw), 1))\n}\n",
    ),
    changed(
        RWMUTEX,
        "\t\trace.Acquire(unsafe.Pointer(&rw.writerSem))\n\t}\n}\n",
        "\t\trace.Acquire(unsafe.Pointer(&rw.writerSem))\n\t}; \
         race.SchedulePoint(race.ScheduleLocked, unsafe.Pointer(rw))\n}\n",
    ),
    changed(
        RWMUTEX,
        "\nfunc (rw *RWMutex) Unlock() {\n",
        "\nfunc (rw *RWMutex) Unlock() { \
         race.SchedulePoint(race.ScheduleUnlock, unsafe.Pointer(rw))\n",
    ),
];

const WAIT_GROUPS: &[Patch] = &[
    changed(
        WAITGROUP,
        "\nfunc (wg *WaitGroup) Add(delta int) {\n",
        "\nfunc (wg *WaitGroup) Add(delta int) { \
         if delta < 0 { race.SchedulePoint(race.ScheduleDone, unsafe.Pointer(wg)) } \
         else { race.SchedulePoint(race.ScheduleAdd, unsafe.Pointer(wg)) }\n",
    ),
    changed(
        WAITGROUP,
        "\nfunc (wg *WaitGroup) Wait() {\n",
        "\nfunc (wg *WaitGroup) Wait() { \
         race.SchedulePoint(race.ScheduleWait, unsafe.Pointer(wg))\n",
    ),
];

/// The types of package sync/atomic.  Its functions are assembly, where no
/// goroutine can be parked.
const ATOMICS: &[Patch] = &[
    changed(
        ATOMIC,
        "\nimport \"unsafe\"\n",
        "\nimport (\"internal/race\"; \"unsafe\")\n",
    ),
    atomic!("Bool) Load() bool", load, "return LoadUint32(&x.v) != 0"),
    atomic!(
        "Bool) Store(val bool)",
        around,
        "StoreUint32(&x.v, b32(val))"
    ),
    atomic!("Bool) CompareAndSwap(old, new bool) (swapped bool)", before),
    atomic!(
        "Pointer[T]) Load() *T",
        load,
        "return (*T)(LoadPointer(&x.v))"
    ),
    atomic!(
        "Pointer[T]) Store(val *T)",
        around,
        "StorePointer(&x.v, unsafe.Pointer(val))"
    ),
    atomic!(
        "Pointer[T]) CompareAndSwap(old, new *T) (swapped bool)",
        before
    ),
];

/// Tests: who a goroutine works for, and the time that it is given.
const TESTS: &[Patch] = &[
    changed(
        TESTING,
        // The plain root's own patch stands behind it.
        "\nfunc tRunner(t *T, fn func(t *T)) {",
        "\nfunc tRunner(t *T, fn func(t *T)) { race.ScheduleTestBegins(t.name);",
    ),
    changed(
        TESTING,
        "\nfunc (t *T) Parallel() {\n",
        "\nfunc (t *T) Parallel() { race.ScheduleTestParallel()\n",
    ),
    changed(
        TESTING,
        "\tt.signal <- true   // Release calling test.\n",
        "\trace.ScheduleTestPauses(); t.signal <- true   // Release calling test.\n",
    ),
    changed(
        TESTING,
        "\tt.start = highPrecisionTimeNow()\n\n\t// Reset the local race counter",
        "\tt.start = highPrecisionTimeNow(); race.ScheduleTestGoesOn()\n\n\t// Reset the local race counter",
    ),
    changed(
        TESTING,
        "\t// a signal saying that the test is done.\n\tdefer func() {\n",
        "\t// a signal saying that the test is done.\n\tdefer func() { race.ScheduleTestEnds(len(t.sub) > 0)\n",
    ),
    changed(
        TESTING,
        "\t\t\t\t<-sub.signal\n\t\t\t}\n",
        "\t\t\t\t<-sub.signal\n\t\t\t}; race.ScheduleTestGoesOn()\n",
    ),
    changed(
        TESTING,
        "\t\t\terr := t.runCleanup(recoverAndReturnPanic)\n",
        "\t\t\terr := t.runCleanup(recoverAndReturnPanic); race.ScheduleTestIsOver()\n",
    ),
    // All tests again, under the next schedule of the run.
    changed(
        TESTING,
        "\t\tfor i := uint(0); i < *count; i++ {\n",
        "\t\tfor i := uint(0); i < *count || race.ScheduleNextRound(); i++ {\n",
    ),
    changed(
        TESTING,
        "\t\t\t\t\tt.Run(test.Name, test.F)\n",
        "\t\t\t\t\tif race.ScheduleWants(test.Name) { t.Run(test.Name, test.F) }\n",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patch::Change;

    #[test]
    fn lines_keep_their_numbers() {
        for patch in SCHEDULE_PATCHES.iter().copied().flatten() {
            if let Change::Replace {
                anchor,
                replacement,
                ..
            } = patch.change
            {
                if patch.file.contains("/gosan_") {
                    // The user has no such file.
                    continue;
                }
                let lines = |text: &str| text.matches('\n').count();
                let (before, after) = (lines(anchor), lines(replacement));
                assert_eq!(before, after, "{}: {anchor}", patch.file);
            }
        }
    }
}
