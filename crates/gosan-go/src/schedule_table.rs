//! The further changes of the GOROOT for schedules: hooks at which a goroutine
//! can be delayed, and choices that a schedule can make.
//!
//! The hooks are Go code in package runtime (`patches/schedule/`).
//! A patch adds no line to its file, since reports show the lines of the user's.
//! Every patch is required: a schedule without one of its hooks would look as if
//! it had found nothing.

use crate::patch::{Change, Need, Patch};
use crate::table::ALL;

const fn new(file: &'static str, template: &'static str) -> Patch {
    Patch {
        file,
        minors: ALL,
        change: Change::New { template },
        need: Need::Required,
    }
}

const fn replace(file: &'static str, anchor: &'static str, replacement: &'static str) -> Patch {
    Patch {
        file,
        minors: ALL,
        change: Change::Replace {
            anchor,
            replacement,
        },
        need: Need::Required,
    }
}

const CHAN: &str = "src/runtime/chan.go";
const SELECT: &str = "src/runtime/select.go";
const PROC: &str = "src/runtime/proc.go";
const TIME: &str = "src/runtime/time.go";
const MUTEX: &str = "src/internal/sync/mutex.go";
const RWMUTEX: &str = "src/sync/rwmutex.go";
const WAITGROUP: &str = "src/sync/waitgroup.go";
const ATOMIC: &str = "src/sync/atomic/type.go";
const TESTING: &str = "src/testing/testing.go";

/// A method of package sync/atomic that does all in one line: `$head { $body }`.
macro_rules! atomic {
    ($head:literal, load, $body:literal) => {
        replace(
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
    ($head:literal, around, $body:literal, $result:literal) => {
        replace(
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
    ($head:literal, around, $body:literal) => {
        replace(
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
    ($head:literal, before) => {
        replace(
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

pub const SCHEDULE_PATCHES: &[Patch] = &[
    // The hooks themselves, and their way out of package runtime.
    new(
        "src/runtime/schedule_gosan.go",
        include_str!("../patches/schedule/runtime.go"),
    ),
    new(
        "src/runtime/schedule_orders_gosan.go",
        include_str!("../patches/schedule/orders.go"),
    ),
    new(
        "src/runtime/schedule_tests_gosan.go",
        include_str!("../patches/schedule/tests.go"),
    ),
    new(
        "src/runtime/schedule0_gosan.go",
        include_str!("../patches/schedule/runtime_norace.go"),
    ),
    new(
        "src/internal/race/schedule_gosan.go",
        include_str!("../patches/schedule/race.go"),
    ),
    new(
        "src/internal/race/schedule0_gosan.go",
        include_str!("../patches/schedule/race_norace.go"),
    ),
    new(
        "src/internal/race/schedule_kinds_gosan.go",
        include_str!("../patches/schedule/race_kinds.go"),
    ),
    // What a schedule knows of a goroutine.
    replace(
        "src/runtime/runtime2.go",
        "\tgcAssistBytes int64\n",
        "\tgcAssistBytes int64; gosan gosanGoroutine\n",
    ),
    // The schedule is read, put to work, and accounted for.
    replace(PROC, "\tgoenvs()\n", "\tgoenvs(); gosanEnv()\n"),
    replace(
        PROC,
        "\tfn := main_main // ",
        "\tgosanArm(); fn := main_main // ",
    ),
    replace(
        PROC,
        "\nfunc os_beforeExit(exitCode int) {\n",
        "\nfunc os_beforeExit(exitCode int) { gosanFinish()\n",
    ),
    // A goroutine's start, its creator's next step, its end.
    replace(
        PROC,
        "\nfunc newproc(fn *funcval) {\n\tgp := getg()\n\tpc := sys.GetCallerPC()\n",
        "\nfunc newproc(fn *funcval) {\n\tgp := getg()\n\tpc := sys.GetCallerPC(); \
         if wait := gosanChildDelay(gp, fn); wait > 0 { gosanStartLater(gp, fn, pc, wait); gosanStarted(fn); return }\n",
    ),
    replace(
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
    replace(
        PROC,
        "\nfunc goexit1() {\n\tif raceenabled {\n",
        "\nfunc goexit1() {\n\tif raceenabled { gosanLeave()\n",
    ),
    // Channels.
    replace(
        CHAN,
        "//go:nosplit\nfunc chansend1(c *hchan, elem unsafe.Pointer) {\n\
         \tchansend(c, elem, true, sys.GetCallerPC())\n",
        "//\nfunc chansend1(c *hchan, elem unsafe.Pointer) { \
         gosanPoint(gosanSend, unsafe.Pointer(c))\n\
         \tchansend(c, elem, true, sys.GetCallerPC()); \
         gosanPoint(gosanSent, unsafe.Pointer(c))\n",
    ),
    replace(
        CHAN,
        "//go:nosplit\nfunc chanrecv1(c *hchan, elem unsafe.Pointer) {\n\
         \tchanrecv(c, elem, true)\n",
        "//\nfunc chanrecv1(c *hchan, elem unsafe.Pointer) { \
         gosanPoint(gosanRecv, unsafe.Pointer(c))\n\
         \tchanrecv(c, elem, true); gosanPoint(gosanReceived, unsafe.Pointer(c))\n",
    ),
    replace(
        CHAN,
        "//go:nosplit\nfunc chanrecv2(c *hchan, elem unsafe.Pointer) (received bool) {\n\
         \t_, received = chanrecv(c, elem, true)\n",
        "//\nfunc chanrecv2(c *hchan, elem unsafe.Pointer) (received bool) { \
         gosanPoint(gosanRecv, unsafe.Pointer(c))\n\
         \t_, received = chanrecv(c, elem, true); \
         gosanPoint(gosanReceived, unsafe.Pointer(c))\n",
    ),
    replace(
        CHAN,
        "\nfunc closechan(c *hchan) {\n",
        "\nfunc closechan(c *hchan) { gosanPoint(gosanClose, unsafe.Pointer(c))\n",
    ),
    replace(
        CHAN,
        "\tfor !glist.empty() {\n\t\tgp := glist.pop()\n\t\tgp.schedlink = 0\n\
         \t\tgoready(gp, 3)\n\t}\n}\n",
        "\tfor !glist.empty() {\n\t\tgp := glist.pop()\n\t\tgp.schedlink = 0\n\
         \t\tgoready(gp, 3)\n\t}; \
         gosanPoint(gosanClosed, unsafe.Pointer(c))\n}\n",
    ),
    replace(
        CHAN,
        "\nfunc selectnbsend(c *hchan, elem unsafe.Pointer) (selected bool) {\n",
        "\nfunc selectnbsend(c *hchan, elem unsafe.Pointer) (selected bool) { \
         gosanPoint(gosanTry, unsafe.Pointer(c))\n",
    ),
    replace(
        CHAN,
        "\nfunc selectnbrecv(elem unsafe.Pointer, c *hchan) (selected, received bool) {\n",
        "\nfunc selectnbrecv(elem unsafe.Pointer, c *hchan) (selected, received bool) { \
         gosanPoint(gosanTry, unsafe.Pointer(c))\n",
    ),
    // Select, and which ready case it takes.
    replace(
        SELECT,
        "block bool) (int, bool) {\n\tgp := getg()\n\tif debugSelect {\n",
        "block bool) (int, bool) { gosanPoint(gosanSelect, nil)\n\
         \tgp := getg()\n\tif debugSelect {\n",
    ),
    replace(
        SELECT,
        "\t\tj := cheaprandn(uint32(norder + 1))\n",
        "\t\tj := gosanChoice(uint32(norder + 1))\n",
    ),
    replace(
        SELECT,
        "\treturn casi, recvOK\n",
        "\tgosanPoint(gosanSelected, unsafe.Pointer(c)); return casi, recvOK\n",
    ),
    // Random numbers: the order of maps, and package math/rand.
    replace(
        "src/runtime/rand.go",
        "\nfunc rand() uint64 {\n",
        "\nfunc rand() uint64 { if x, ok := gosanRand(); ok { return x }\n",
    ),
    replace(
        "src/runtime/rand.go",
        "\nfunc maps_rand() uint64 {\n\treturn rand()\n",
        "\nfunc maps_rand() uint64 {\n\treturn gosanMapRand()\n",
    ),
    // Timers.
    replace(
        TIME,
        "\nfunc timeSleep(ns int64) {\n\tif ns <= 0 {\n\t\treturn\n\t}\n",
        "\nfunc timeSleep(ns int64) { ns = gosanNap(ns)\n\tif ns <= 0 {\n\t\treturn\n\t}\n",
    ),
    replace(
        TIME,
        "arg any, c *hchan) *timeTimer {\n\tt := new(timeTimer)\n",
        "arg any, c *hchan) *timeTimer { when = gosanWhen(when, c == nil)\n\
         \tt := new(timeTimer)\n",
    ),
    replace(
        TIME,
        "\nfunc resetTimer(t *timeTimer, when, period int64) bool {\n",
        "\nfunc resetTimer(t *timeTimer, when, period int64) bool { \
         when = gosanWhen(when, false)\n",
    ),
    // Locks.
    replace(
        MUTEX,
        "\nfunc (m *Mutex) Lock() {\n",
        "\nfunc (m *Mutex) Lock() { \
         race.SchedulePoint(race.ScheduleLock, unsafe.Pointer(m))\n",
    ),
    replace(
        MUTEX,
        "\t\t\trace.Acquire(unsafe.Pointer(m))\n\t\t}\n\t\treturn\n\t}\n",
        "\t\t\trace.Acquire(unsafe.Pointer(m))\n\t\t}; \
         race.SchedulePoint(race.ScheduleLocked, unsafe.Pointer(m))\n\
         \t\treturn\n\t}\n",
    ),
    replace(
        MUTEX,
        "\tm.lockSlow()\n}\n",
        "\tm.lockSlow(); \
         race.SchedulePoint(race.ScheduleLocked, unsafe.Pointer(m))\n}\n",
    ),
    replace(
        MUTEX,
        "\nfunc (m *Mutex) Unlock() {\n",
        "\nfunc (m *Mutex) Unlock() { \
         race.SchedulePoint(race.ScheduleUnlock, unsafe.Pointer(m))\n",
    ),
    replace(
        MUTEX,
        "\t\tm.unlockSlow(new)\n\t}\n}\n",
        "\t\tm.unlockSlow(new)\n\t}; \
         race.SchedulePoint(race.ScheduleUnlocked, unsafe.Pointer(m))\n}\n",
    ),
    replace(
        RWMUTEX,
        "\nfunc (rw *RWMutex) RLock() {\n",
        "\nfunc (rw *RWMutex) RLock() { \
         race.SchedulePoint(race.ScheduleLock, unsafe.Pointer(rw))\n",
    ),
    replace(
        RWMUTEX,
        "\t\trace.Enable()\n\t\trace.Acquire(unsafe.Pointer(&rw.readerSem))\n\t}\n}\n",
        "\t\trace.Enable()\n\t\trace.Acquire(unsafe.Pointer(&rw.readerSem))\n\t}; \
         race.SchedulePoint(race.ScheduleLocked, unsafe.Pointer(rw))\n}\n",
    ),
    replace(
        RWMUTEX,
        "\nfunc (rw *RWMutex) RUnlock() {\n",
        "\nfunc (rw *RWMutex) RUnlock() { \
         race.SchedulePoint(race.ScheduleUnlock, unsafe.Pointer(rw))\n",
    ),
    replace(
        RWMUTEX,
        "\t\trw.rUnlockSlow(r)\n\t}\n\tif race.Enabled {\n\t\trace.Enable()\n\t}\n}\n",
        "\t\trw.rUnlockSlow(r)\n\t}\n\tif race.Enabled {\n\t\trace.Enable()\n\t}; \
         race.SchedulePoint(race.ScheduleUnlocked, unsafe.Pointer(rw))\n}\n",
    ),
    replace(
        RWMUTEX,
        "\t\trace.Acquire(unsafe.Pointer(&rw.writerSem))\n\t}\n}\n",
        "\t\trace.Acquire(unsafe.Pointer(&rw.writerSem))\n\t}; \
         race.SchedulePoint(race.ScheduleLocked, unsafe.Pointer(rw))\n}\n",
    ),
    replace(
        RWMUTEX,
        "\nfunc (rw *RWMutex) Unlock() {\n",
        "\nfunc (rw *RWMutex) Unlock() { \
         race.SchedulePoint(race.ScheduleUnlock, unsafe.Pointer(rw))\n",
    ),
    // WaitGroups.
    replace(
        WAITGROUP,
        "\nfunc (wg *WaitGroup) Add(delta int) {\n",
        "\nfunc (wg *WaitGroup) Add(delta int) { \
         if delta < 0 { race.SchedulePoint(race.ScheduleDone, unsafe.Pointer(wg)) } \
         else { race.SchedulePoint(race.ScheduleAdd, unsafe.Pointer(wg)) }\n",
    ),
    replace(
        WAITGROUP,
        "\nfunc (wg *WaitGroup) Wait() {\n",
        "\nfunc (wg *WaitGroup) Wait() { \
         race.SchedulePoint(race.ScheduleWait, unsafe.Pointer(wg))\n",
    ),
    // The types of package sync/atomic. Its functions are assembly, where no
    // goroutine can be parked.
    replace(
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
    atomic!("Int32) Load() int32", load, "return LoadInt32(&x.v)"),
    atomic!("Int32) Store(val int32)", around, "StoreInt32(&x.v, val)"),
    atomic!(
        "Int32) Add(delta int32) (new int32)",
        around,
        "AddInt32(&x.v, delta)",
        "new"
    ),
    atomic!(
        "Int32) CompareAndSwap(old, new int32) (swapped bool)",
        before
    ),
    atomic!("Int64) Load() int64", load, "return LoadInt64(&x.v)"),
    atomic!("Int64) Store(val int64)", around, "StoreInt64(&x.v, val)"),
    atomic!(
        "Int64) Add(delta int64) (new int64)",
        around,
        "AddInt64(&x.v, delta)",
        "new"
    ),
    atomic!(
        "Int64) CompareAndSwap(old, new int64) (swapped bool)",
        before
    ),
    atomic!("Uint32) Load() uint32", load, "return LoadUint32(&x.v)"),
    atomic!(
        "Uint32) Store(val uint32)",
        around,
        "StoreUint32(&x.v, val)"
    ),
    atomic!(
        "Uint32) Add(delta uint32) (new uint32)",
        around,
        "AddUint32(&x.v, delta)",
        "new"
    ),
    atomic!(
        "Uint32) CompareAndSwap(old, new uint32) (swapped bool)",
        before
    ),
    atomic!("Uint64) Load() uint64", load, "return LoadUint64(&x.v)"),
    atomic!(
        "Uint64) Store(val uint64)",
        around,
        "StoreUint64(&x.v, val)"
    ),
    atomic!(
        "Uint64) Add(delta uint64) (new uint64)",
        around,
        "AddUint64(&x.v, delta)",
        "new"
    ),
    atomic!(
        "Uint64) CompareAndSwap(old, new uint64) (swapped bool)",
        before
    ),
    // Tests: who a goroutine works for, and the time that it is given.
    replace(
        TESTING,
        // The plain root's own patch stands behind it.
        "\nfunc tRunner(t *T, fn func(t *T)) {",
        "\nfunc tRunner(t *T, fn func(t *T)) { race.ScheduleTestBegins(t.name);",
    ),
    replace(
        TESTING,
        "\nfunc (t *T) Parallel() {\n",
        "\nfunc (t *T) Parallel() { race.ScheduleTestParallel()\n",
    ),
    replace(
        TESTING,
        "\t// a signal saying that the test is done.\n\tdefer func() {\n",
        "\t// a signal saying that the test is done.\n\tdefer func() { race.ScheduleTestEnds()\n",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers() {
        for patch in SCHEDULE_PATCHES {
            if let Change::Replace {
                anchor,
                replacement,
            } = patch.change
            {
                let lines = |text: &str| text.matches('\n').count();
                let (before, after) = (lines(anchor), lines(replacement));
                assert_eq!(before, after, "{}: {anchor}", patch.file);
            }
        }
    }
}
