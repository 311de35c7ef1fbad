// Package gateway serves feature flags from another service with echo, behind
// echo's Timeout middleware.
package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
)

// FlagService answers with the flags, after a while.
type FlagService struct {
	Latency time.Duration
}

func (s *FlagService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	time.Sleep(s.Latency)
	w.Header().Set("X-Flags-Version", "17")
	json.NewEncoder(w).Encode(map[string]bool{"new-checkout": true})
}

// ServedBy names the instance in a header, after the handler.
func ServedBy(name string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			err := next(c)
			c.Response().Header().Set("X-Served-By", name)
			return err
		}
	}
}

// Timeout is echo's, which lets the handler go on after the limit.
func Timeout(limit time.Duration) echo.MiddlewareFunc {
	return middleware.TimeoutWithConfig(middleware.TimeoutConfig{
		Timeout:      limit,
		ErrorMessage: "timed out",
	})
}

// Deadline is echo's too: it sets the request's deadline, and waits.
func Deadline(limit time.Duration) echo.MiddlewareFunc {
	return middleware.ContextTimeout(limit)
}

// Gateway says how the flag service is reached.
type Gateway struct {
	Flags *url.URL
	// Patient fetches the flags to the end, though the request is over.
	Patient bool
	// Ended is called when the proxy has ended.
	Ended func()
}

// New returns the gateway behind the middlewares, the first of which is the
// outermost.
func (g *Gateway) New(middlewares ...echo.MiddlewareFunc) *echo.Echo {
	e := echo.New()
	e.Use(middlewares...)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(g.Flags)
			if g.Patient {
				r.Out = r.Out.WithContext(context.WithoutCancel(r.Out.Context()))
			}
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	}
	e.GET("/flags", func(c echo.Context) error {
		defer g.Ended()
		proxy.ServeHTTP(c.Response(), c.Request())
		return nil
	})
	return e
}
