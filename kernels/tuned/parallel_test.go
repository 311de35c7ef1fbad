package tuned

import (
	"sync"
	"testing"
	"time"
)

// Parallel subtests fill one map.  The first and the last of them meet only if
// the first takes its time.
func TestSubtestsShareMap(t *testing.T) {
	seen := make(map[int]bool)
	var mu sync.Mutex
	for i := range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			if i == 1 || i == 2 {
				return
			}
			time.Sleep(time.Duration(i) * 300 * time.Microsecond)
			if i == 3 {
				mu.Lock()
				mu.Unlock()
			}
			seen[i] = true
			if i == 0 {
				mu.Lock()
				mu.Unlock()
			}
		})
	}
}

// A fixture is put back by Cleanup while a subtest's goroutine still uses it.
func TestCleanupAgainstGoroutine(t *testing.T) {
	fixture := map[string]int{"a": 1}
	var mu sync.Mutex
	t.Run("use", func(t *testing.T) {
		t.Cleanup(func() {
			mu.Lock()
			mu.Unlock()
			clear(fixture)
		})
		go func() {
			fixture["a"]++
			mu.Lock()
			mu.Unlock()
		}()
		time.Sleep(time.Millisecond)
	})
}

// The helper keeps the last error of any subtest.
func TestLastErrorOfSubtests(t *testing.T) {
	var last error
	report := make(chan error, 2)
	for i := range 2 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			time.Sleep(time.Duration(i) * time.Millisecond)
			if i == 1 {
				select {
				case <-report:
				default:
				}
			}
			last = errRefused
			if i == 0 {
				report <- last
			}
		})
	}
}
