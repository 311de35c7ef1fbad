package audit

import (
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

// load sends requests one after the other, so that gin uses the context of the
// first again while that one's line is still under way.
func load(t *testing.T, handler func(*Log) gin.HandlerFunc) {
	log := &Log{Latency: 20 * time.Millisecond}
	engine := New(handler(log))
	const requests = 40
	for i := range requests {
		w := httptest.NewRecorder()
		engine.ServeHTTP(w, httptest.NewRequest("GET", "/cart/"+strconv.Itoa(i), nil))
	}
	log.Flush()
	if len(log.lines) != requests {
		t.Errorf("%d lines", len(log.lines))
	}
}

func TestRaceContextKept(t *testing.T) {
	load(t, func(l *Log) gin.HandlerFunc { return l.KeepsContext })
}

func TestNoRaceContextCopied(t *testing.T) {
	load(t, func(l *Log) gin.HandlerFunc { return l.CopiesContext })
}

func TestNoRaceValuesTaken(t *testing.T) {
	load(t, func(l *Log) gin.HandlerFunc { return l.TakesValues })
}
