//go:build race

// What gosan's runtime object and Go's runtime say to each other beyond
// ThreadSanitizer's interface.  gosan writes this file into the GOROOT that it
// assembles; the words in double braces are filled in then.

package runtime

import (
	"internal/runtime/atomic"
	"unsafe"
)

//go:cgo_import_static __gosan_goroot
//go:cgo_import_static __gosan_atexit_ms
//go:cgo_import_static __gosan_unwound

//go:linkname __gosan_goroot __gosan_goroot
var __gosan_goroot byte

//go:linkname __gosan_atexit_ms __gosan_atexit_ms
var __gosan_atexit_ms byte

//go:linkname __gosan_unwound __gosan_unwound
var __gosan_unwound byte

// The GOROOT that this program was built in, and the one that its user knows.
// Reports show the second.  Both end in NUL, as the object reads them.
const (
	raceAssembledGoroot = {{ASSEMBLED_GOROOT}}
	raceUserGoroot      = {{USER_GOROOT}}
)

// racegoroot tells the object how to turn a path of the assembled GOROOT into
// one of the user's.
func racegoroot() {
	from := uintptr(unsafe.Pointer(unsafe.StringData(raceAssembledGoroot)))
	to := uintptr(unsafe.Pointer(unsafe.StringData(raceUserGoroot)))
	racecall(&__gosan_goroot, from, to, 0, 0)
}

// racerecovered tells the object how much of gp's stack is left after a
// recovered panic: the frames below sp will never report their exit.
// It runs on the system stack, with gp not running.
func racerecovered(gp *g, sp uintptr) {
	if sp != 0 {
		racecall(&__gosan_unwound, gp.racectx, gp.stack.hi-sp, 0, 0)
	}
}

const (
	// The pause between two looks at the scheduler, in nanoseconds.  It grows,
	// so that a long wait costs little and a short one ends soon.
	raceQuiesceFirstPause = 50_000
	raceQuiesceLastPause  = 500_000

	// How many looks in a row must find nothing to do.  One is not enough: a
	// goroutine may be in the hands of a thread that is just starting it.
	raceQuiesceLooks = 2
)

// raceQuiesceOwner is 1 once a goroutine waits in racequiesce.
var raceQuiesceOwner atomic.Uint32

// racequiesce lets the rest of the program come to its accesses before the
// process ends: it returns when nothing else runs or is about to, and after
// atexit_sleep_ms at the latest.
func racequiesce() {
	var limit uint64
	racecall(&__gosan_atexit_ms, uintptr(unsafe.Pointer(&limit)), 0, 0, 0)
	if limit == 0 {
		return
	}
	const maxLimit = 3600 * 1000
	if limit > maxLimit {
		limit = maxLimit
	}
	bubbled := getg().{{BUBBLE}} != nil
	if !raceQuiesceOwner.CompareAndSwap(0, 1) {
		// Another goroutine is ending the process with the same exit code.
		// Two waiters would wait for each other, so this one parks for good.
		gopark(nil, nil, waitReasonPanicWait, traceBlockForever, 1)
	}

	deadline := nanotime() + int64(limit)*1_000_000
	pause := int64(raceQuiesceFirstPause)
	for quiet := 0; ; {
		now := nanotime()
		if now >= deadline {
			return
		}
		busy := true
		systemstack(func() {
			busy = racebusy(deadline)
		})
		if busy {
			quiet = 0
		} else if quiet++; quiet == raceQuiesceLooks {
			return
		}
		racequiescePause(min(pause, deadline-now), bubbled)
		pause = min(pause+pause/2, raceQuiesceLastPause)
	}
}

// racequiescePause gives the processor to others for ns nanoseconds.
// A goroutine in a synctest bubble must not sleep by Go's clock, which may
// stand still there.
func racequiescePause(ns int64, bubbled bool) {
	if !bubbled {
		timeSleep(ns)
		return
	}
	Gosched()
	usleep(uint32(ns / 1000))
}

// racebusy reports whether some goroutine other than the current one runs, is
// ready to run, or will be woken by a timer before the deadline.
// It runs on the system stack, so that it is not preempted and allp stays.
func racebusy(deadline int64) bool {
	self := getg().m.p.ptr()
	if !sched.runq.empty() {
		return true
	}
	for _, pp := range allp {
		if pp == nil {
			continue
		}
		if !runqempty(pp) {
			return true
		}
		if pp != self && raceprocbusy(pp) {
			return true
		}
		if racetimerdue(pp, deadline) {
			return true
		}
	}
	return false
}

// raceprocbusy reports whether another thread holds pp, and is not known to do
// only the runtime's own work with it.  A goroutine in a system call counts
// while it keeps its P: sysmon takes that away if the call is a long one.
func raceprocbusy(pp *p) bool {
	switch atomic.Load(&pp.status) {
	case _Pidle, _Pdead:
		return false
	}
	mp := pp.m.ptr()
	if mp == nil {
		return true
	}
	curg := mp.curg
	return curg == nil || !isSystemGoroutine(curg, false)
}

// racetimerdue reports whether a timer of pp fires before the deadline and is
// not the scavenger's, which wakes up in every program.
func racetimerdue(pp *p, deadline int64) bool {
	ts := &pp.timers
	if wake := ts.wakeTime(); wake == 0 || wake > deadline {
		return false
	}
	due := false
	ts.lock()
	for _, tw := range ts.heap {
		t, when := tw.timer, tw.when
		state := t.astate.Load()
		if t == scavenger.timer || state&timerZombie != 0 {
			continue
		}
		if state&timerModified != 0 {
			// The heap's copy of the time is out of date.
			t.lock()
			when = t.when
			t.unlock()
		}
		if when <= deadline {
			due = true
			break
		}
	}
	ts.unlock()
	return due
}
