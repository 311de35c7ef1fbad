// Package tracking counts page views in the background of fiber handlers.
// fiber uses a request's context, and the bytes behind its strings, again.
package tracking

import (
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/utils"
)

// Counter counts views in the background.
type Counter struct {
	Latency time.Duration
	pending sync.WaitGroup
	mu      sync.Mutex
	views   map[string]int
}

// Flush waits for the views that are under way.
func (k *Counter) Flush() { k.pending.Wait() }

func (k *Counter) count(page string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.views == nil {
		k.views = map[string]int{}
	}
	k.views[page]++
}

func (k *Counter) background(f func()) {
	k.pending.Add(1)
	go func() {
		defer k.pending.Done()
		time.Sleep(k.Latency)
		f()
	}()
}

// KeepsContext asks the context when its request is long over.
func (k *Counter) KeepsContext(c *fiber.Ctx) error {
	k.background(func() { k.count(c.Path()) })
	return c.SendStatus(fiber.StatusNoContent)
}

// CopiesPath takes a copy of the path along.
func (k *Counter) CopiesPath(c *fiber.Ctx) error {
	page := utils.CopyString(c.Path())
	k.background(func() { k.count(page) })
	return c.SendStatus(fiber.StatusNoContent)
}

// CountsFirst counts before it answers.
func (k *Counter) CountsFirst(c *fiber.Ctx) error {
	k.count(utils.CopyString(c.Path()))
	return c.SendStatus(fiber.StatusNoContent)
}

// New returns a service whose pages are counted by the handler.
func New(handler fiber.Handler) *fiber.App {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/page/:id", handler)
	return app
}
