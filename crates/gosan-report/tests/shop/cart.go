// Package shop is the source that the tests' records point into.
package shop

import "sync"

type cart struct {
	mu    sync.Mutex
	items map[string]int
	total int
}

func (c *cart) add(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.items[name]++
	c.total++
}

func (c *cart) size() int {
	return len(c.items)
}

func (c *cart) has(name string) bool {
	_, found := c.items[name]
	return found
}

var visits, buyers int

func visit() {
	visits, buyers = visits+1, buyers+1
}
