package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

// load stands for a file or a service that the configuration comes from.
func load() map[string]string {
	return map[string]string{
		"region": "eu-central",
		"loaded": time.Now().Format(time.StampMilli),
	}
}

// config is one map that is brought up to date while handlers read it.
type config struct {
	settings map[string]string
}

func newConfig() *config { return &config{settings: load()} }

func (c *config) reload() {
	for key, value := range load() {
		c.settings[key] = value
	}
}

func (c *config) headers(h http.Header, r *http.Request) {
	region := c.settings["region"]
	time.Sleep(time.Millisecond)
	h.Set("X-Region", region)
}

// publishedConfig makes a new map each time, and publishes it when it is done.
type publishedConfig struct {
	settings atomic.Pointer[map[string]string]
}

func newPublishedConfig() *publishedConfig {
	c := &publishedConfig{}
	c.reload()
	return c
}

func (c *publishedConfig) reload() {
	settings := load()
	c.settings.Store(&settings)
}

func (c *publishedConfig) headers(h http.Header, r *http.Request) {
	h.Set("X-Region", (*c.settings.Load())["region"])
}
