package tests

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/ayb-go/ayb/tests/harness"
)

// S13, end to end: the limit is on by default, counts by address and account,
// and uses forwarded addresses only from configured proxies.
func TestRateLimit(t *testing.T) {
	const rate = "AYB__LIMITS__RATE_PER_MINUTE="
	for name, tt := range map[string]struct {
		env       []string
		forwarded bool // each request has another forwarded address
		accounts  bool // each request is about another account
		taken     int  // accepted requests of 40
	}{
		"the default, one address":    {[]string{rate + "10"}, true, true, 30},
		"the default, one account":    {[]string{rate + "10", "AYB__LIMITS__TRUSTED_PROXIES=127.0.0.1"}, true, false, 30},
		"many clients behind a proxy": {[]string{rate + "10", "AYB__LIMITS__TRUSTED_PROXIES=127.0.0.0/8"}, true, true, 40},
		"off":                         {[]string{rate + "0"}, false, false, 40},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := harness.Start(t, harness.AllInOne, harness.WithEnv(tt.env...))
			var statuses []int
			begin := time.Now()
			for i := range 40 {
				account, address := "alice", "198.51.100.1"
				if tt.accounts {
					account = fmt.Sprint("alice", i)
				}
				if tt.forwarded {
					address = fmt.Sprint("198.51.100.", 100+i)
				}
				statuses = append(statuses, logIn(t, srv.URL, account, address))
			}
			// On a slow machine one more request is accepted every six seconds.
			due := min(int(time.Since(begin)/(6*time.Second)), 40-tt.taken)
			taken := 0
			for i, got := range statuses {
				switch {
				case got == http.StatusOK:
					taken++
				case got != http.StatusTooManyRequests || i < tt.taken:
					t.Fatalf("request %d: %d: %v", i, got, statuses)
				}
			}
			if taken < tt.taken || taken > tt.taken+due {
				t.Errorf("%d were taken, not %d to %d: %v", taken, tt.taken, tt.taken+due, statuses)
			}
		})
	}
}

func logIn(t *testing.T, url, account, address string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, url+"/v1/log_in", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("entity", account)
	req.Header.Set("X-Forwarded-For", address)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // nothing is read
	if resp.StatusCode == http.StatusTooManyRequests && resp.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	return resp.StatusCode
}
