// Package flagconfig is the configuration of a service: a map of settings that
// is loaded again from time to time, while handlers read it.
package flagconfig

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Source is where settings come from.
type Source func() map[string]string

// Config fills its one map again and again.
type Config struct {
	source   Source
	settings map[string]string
}

// NewConfig loads the settings once.
func NewConfig(source Source) *Config {
	return &Config{source: source, settings: maps.Clone(source())}
}

// Reload brings the map up to date, in place.
func (c *Config) Reload() {
	fresh := c.source()
	for key := range c.settings {
		if _, ok := fresh[key]; !ok {
			delete(c.settings, key)
		}
	}
	for key, value := range fresh {
		c.settings[key] = value
	}
}

// Replace makes a new map, and assigns it.
func (c *Config) Replace() { c.settings = c.source() }

// ServeHTTP answers with the setting asked for, or with all of them.
func (c *Config) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer(w, r, c.settings)
}

func answer(w http.ResponseWriter, r *http.Request, settings map[string]string) {
	if key := r.URL.Query().Get("key"); key != "" {
		w.Write([]byte(settings[key]))
		return
	}
	var lines []string
	for key, value := range settings {
		lines = append(lines, key+"="+value)
	}
	slices.Sort(lines)
	w.Write([]byte(strings.Join(lines, "\n")))
}

// Locked reloads under a lock.
type Locked struct {
	mu     sync.RWMutex
	config *Config
}

// Reload brings the map up to date.
func (l *Locked) Reload() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.config.Reload()
}

func (l *Locked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	l.config.ServeHTTP(w, r)
}

// Published never changes a map: it makes a new one and publishes that.
type Published struct {
	source  Source
	current atomic.Pointer[map[string]string]
}

// Reload publishes a new map.
func (p *Published) Reload() {
	fresh := maps.Clone(p.source())
	p.current.Store(&fresh)
}

func (p *Published) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer(w, r, *p.current.Load())
}
