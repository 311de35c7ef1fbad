package tracking

import (
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
)

// load sends requests one after the other, so that fiber uses the context of
// the first again while its view is still to be counted.
func load(t *testing.T, handler func(*Counter) fiber.Handler) *Counter {
	counter := &Counter{Latency: 20 * time.Millisecond}
	app := New(handler(counter))
	for i := range 40 {
		resp, err := app.Test(httptest.NewRequest("GET", "/page/"+strconv.Itoa(i), nil), -1)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	counter.Flush()
	return counter
}

func TestRaceContextKept(t *testing.T) {
	load(t, func(k *Counter) fiber.Handler { return k.KeepsContext })
}

func TestNoRacePathCopied(t *testing.T) {
	counter := load(t, func(k *Counter) fiber.Handler { return k.CopiesPath })
	if len(counter.views) != 40 {
		t.Errorf("%d pages", len(counter.views))
	}
}

func TestNoRaceCountedFirst(t *testing.T) {
	counter := load(t, func(k *Counter) fiber.Handler { return k.CountsFirst })
	if len(counter.views) != 40 {
		t.Errorf("%d pages", len(counter.views))
	}
}
