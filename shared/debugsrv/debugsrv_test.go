package debugsrv_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/debugsrv"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/logging/loggingtest"
)

func start(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s, err := debugsrv.New(ctx, debugsrv.Config{Listen: "127.0.0.1:0"}, debugsrv.Deps{Log: loggingtest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return s.Addr()
}

func get(t *testing.T, addr, path, host string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		req.Host = host
	}
	client := &http.Client{Timeout: 30 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestServesProfilesAndCounters(t *testing.T) {
	addr := start(t)
	for path, want := range map[string]string{
		"/debug/vars":                    `"memstats"`,
		"/debug/pprof/":                  "goroutine",
		"/debug/pprof/goroutine?debug=1": "goroutine profile",
		"/debug/pprof/cmdline":           "debugsrv",
	} {
		if status, body := get(t, addr, path, ""); status != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s: %d %.80q", path, status, body)
		}
	}
	if status, _ := get(t, addr, "/", ""); status != http.StatusNotFound {
		t.Errorf("/: %d", status)
	}
}

// A web page whose host name resolves to 127.0.0.1 must not read profiles.
func TestRefusesForeignHostHeader(t *testing.T) {
	addr := start(t)
	for host, want := range map[string]int{
		"evil.example": http.StatusForbidden, "evil.example:6060": http.StatusForbidden, "127.0.0.1.evil.example": http.StatusForbidden,
		"localhost:1": http.StatusOK, "[::1]:1": http.StatusOK, "[::1]": http.StatusOK, "127.0.0.1": http.StatusOK,
	} {
		if status, _ := get(t, addr, "/debug/vars", host); status != want {
			t.Errorf("Host %s: %d, want %d", host, status, want)
		}
	}
}

func TestRefusesAddressesOthersCanReach(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", ":0", "[::]:0", "10.0.0.1:0", "example.org:0", "6060"} {
		if _, err := debugsrv.New(t.Context(), debugsrv.Config{Listen: addr}, debugsrv.Deps{Log: loggingtest.New(t)}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", addr, err)
		}
	}
}
