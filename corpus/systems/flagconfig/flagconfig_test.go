package flagconfig

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"corpus.example/gosan/internal/lab"
)

func settings() map[string]string {
	return map[string]string{"region": "eu", "limit": "10", "theme": "dark"}
}

func ask(h http.Handler, url string) string {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", url, nil))
	return w.Body.String()
}

func TestRaceReloadInPlace(t *testing.T) {
	c := NewConfig(settings)
	join := lab.Go(func() { ask(c, "/?key=region") })
	lab.Pause()
	c.Reload()
	join()
}

func TestRaceReloadWhileIterating(t *testing.T) {
	c := NewConfig(settings)
	join := lab.Go(func() { ask(c, "/") })
	lab.Pause()
	c.Reload()
	join()
}

func TestRaceMapReplaced(t *testing.T) {
	c := NewConfig(settings)
	join := lab.Go(func() { ask(c, "/?key=limit") })
	lab.Pause()
	c.Replace()
	join()
}

// Over the wire, with a ticker that reloads, as in the real service.
func TestRaceReloaderOfAServer(t *testing.T) {
	c := NewConfig(settings)
	server := httptest.NewServer(c)
	defer server.Close()
	quit := make(chan bool)
	join := lab.Go(func() {
		ticker := time.NewTicker(3 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				c.Reload()
			case <-quit:
				return
			}
		}
	})
	lab.Pause()
	lab.Pause()
	if resp, err := http.Get(server.URL + "/?key=theme"); err != nil {
		t.Error(err)
	} else {
		resp.Body.Close()
	}
	close(quit)
	join()
}

func TestRaceProducerAndConsumerShareAMap(t *testing.T) {
	Count([]string{"to be or not to be"}, func() { time.Sleep(time.Millisecond) })
}

// testing blames the parallel subtests and their parent.
func TestRaceParallelTestsShareAMap(t *testing.T) {
	fixture := settings()
	for _, region := range []string{"eu", "us"} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			if region == "us" {
				time.Sleep(10 * time.Millisecond)
			}
			fixture["region"] = region
			time.Sleep(60 * time.Millisecond)
		})
	}
}

func hammer(t *testing.T, h http.Handler, reload func()) {
	var done sync.WaitGroup
	for range 4 {
		done.Add(1)
		go func() {
			defer done.Done()
			for range 20 {
				if got := ask(h, "/?key=region"); got != "eu" {
					t.Errorf("got %q", got)
				}
				ask(h, "/")
			}
		}()
	}
	for range 20 {
		reload()
	}
	done.Wait()
}

func TestNoRaceReloadUnderLock(t *testing.T) {
	l := &Locked{config: NewConfig(settings)}
	hammer(t, l, l.Reload)
}

func TestNoRacePublishedMap(t *testing.T) {
	p := &Published{source: settings}
	p.Reload()
	hammer(t, p, p.Reload)
}

func TestNoRaceConsumerOwnsTheMap(t *testing.T) {
	if n := CountOwned([]string{"to be or not to be"})["be"]; n != 2 {
		t.Errorf("be: %d", n)
	}
}

func TestNoRaceParallelTestsCloneTheMap(t *testing.T) {
	for _, region := range []string{"eu", "us"} {
		t.Run(region, func(t *testing.T) {
			t.Parallel()
			fixture := settings()
			fixture["region"] = region
		})
	}
}
