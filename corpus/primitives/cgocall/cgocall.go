//go:build cgo

package cgocall

/*
#cgo LDFLAGS: -lpthread
#include <pthread.h>
#include <stdint.h>
#include <string.h>

extern void goCallback(uintptr_t);

static void call_back(uintptr_t handle) { goCallback(handle); }

static int sum(const int *numbers, int n) {
	int total = 0;
	for (int i = 0; i < n; i++) total += numbers[i];
	return total;
}

static void fill(char *p, int n) { memset(p, 'x', n); }

static void *thread_main(void *handle) {
	goCallback((uintptr_t)handle);
	return 0;
}

static pthread_t start_thread(uintptr_t handle) {
	pthread_t thread;
	pthread_create(&thread, 0, thread_main, (void *)handle);
	return thread;
}

static void join_thread(pthread_t thread) { pthread_join(thread, 0); }
*/
import "C"

import (
	"runtime/cgo"
	"unsafe"
)

//export goCallback
func goCallback(handle C.uintptr_t) {
	cgo.Handle(handle).Value().(func())()
}

// CallBack runs f from C, in the calling goroutine.
func CallBack(f func()) {
	h := cgo.NewHandle(f)
	defer h.Delete()
	C.call_back(C.uintptr_t(h))
}

// OnThread runs f in a thread that C has made, and returns a function that
// waits for that thread.
func OnThread(f func()) (join func()) {
	h := cgo.NewHandle(f)
	thread := C.start_thread(C.uintptr_t(h))
	return func() {
		C.join_thread(thread)
		h.Delete()
	}
}

// Sum adds the numbers in C.
func Sum(numbers []int32) int {
	return int(C.sum((*C.int)(unsafe.Pointer(&numbers[0])), C.int(len(numbers))))
}

// Fill overwrites the bytes in C, with libc's own memset.
func Fill(p []byte) {
	C.fill((*C.char)(unsafe.Pointer(&p[0])), C.int(len(p)))
}
