// Package audit writes an audit log in the background of gin handlers. gin
// uses a request's context again for the next request.
package audit

import (
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// Log receives lines in the background.
type Log struct {
	Latency time.Duration
	pending sync.WaitGroup
	mu      sync.Mutex
	lines   []string
}

// Flush waits for the lines that are under way.
func (l *Log) Flush() { l.pending.Wait() }

func (l *Log) write(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// background runs f after the log's latency.
func (l *Log) background(f func()) {
	l.pending.Add(1)
	go func() {
		defer l.pending.Done()
		time.Sleep(l.Latency)
		f()
	}()
}

// KeepsContext uses the context when its request is long over.
func (l *Log) KeepsContext(c *gin.Context) {
	l.background(func() { l.write(c.Request.Method + " " + c.Request.URL.Path) })
	c.Status(http.StatusNoContent)
}

// CopiesContext takes a copy into the background, as gin documents.
func (l *Log) CopiesContext(c *gin.Context) {
	kept := c.Copy()
	l.background(func() { l.write(kept.Request.Method + " " + kept.Request.URL.Path) })
	c.Status(http.StatusNoContent)
}

// TakesValues takes along what it needs and nothing else.
func (l *Log) TakesValues(c *gin.Context) {
	line := c.Request.Method + " " + c.Request.URL.Path
	l.background(func() { l.write(line) })
	c.Status(http.StatusNoContent)
}

// New returns a service whose carts are logged by the handler.
func New(handler gin.HandlerFunc) *gin.Engine {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.GET("/cart/:id", handler)
	return engine
}
