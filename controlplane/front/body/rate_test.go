package body

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// clocked is a connection that records its read deadline.
type clocked struct {
	*httptest.ResponseRecorder
	until time.Time
}

func (c *clocked) SetReadDeadline(t time.Time) error {
	c.until = t
	return nil
}

// never is a body that never arrives.
type never struct{ c *clocked }

func (n never) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

// A body below the minimum rate is refused, even if a little of it arrives
// often. Only time inside Read counts.
func TestBodiesHaveAMinimumRate(t *testing.T) {
	b := &Bodies{cfg: Config{UploadRate: 10}}
	least := 10 * int(rateWindow/time.Second)
	c := &clocked{ResponseRecorder: httptest.NewRecorder()}
	p := b.limitRate(c, strings.NewReader(strings.Repeat("x", 2*least)), 0)
	read := func(n int, waited time.Duration) time.Duration {
		t.Helper()
		p.waited += waited
		got, err := p.Read(make([]byte, n))
		if err != nil || got != n {
			t.Fatal(got, err)
		}
		return time.Until(c.until).Round(time.Second)
	}
	if left := read(1, 0); left != rateWindow {
		t.Errorf("the first byte has %v", left)
	}
	if left := read(1, 20*time.Second); left != rateWindow-20*time.Second {
		t.Errorf("after 20 s of waiting there are %v", left)
	}
	if left := read(least, 10*time.Second); left != rateWindow-30*time.Second {
		t.Errorf("after 30 s of waiting there are %v", left)
	}
	if left := read(1, 0); left != rateWindow {
		t.Errorf("after enough bytes there are %v", left)
	}
	p.body = never{c}
	if _, err := p.Read(make([]byte, 1)); !errs.Is(err, errs.Timeout) || !strings.Contains(err.Error(), "limits.upload_rate") {
		t.Error(err)
	}
	p.end = time.Now().Add(-time.Second)
	if _, err := p.Read(make([]byte, 1)); !errs.Is(err, errs.Timeout) || strings.Contains(err.Error(), "limits.upload_rate") {
		t.Error(err)
	}
	if c.until.After(time.Now()) {
		t.Errorf("after the end the deadline is %v", c.until)
	}
}

// Interrupt ends a Read that waits for a client that sends nothing.
func TestBodiesCanBeInterrupted(t *testing.T) {
	cause := errs.E(errs.Canceled, "The import was canceled by ann")
	got, reading := make(chan error, 1), make(chan *limited, 1)
	b := &Bodies{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := b.limitRate(w, r.Body, 0)
		if _, err := p.Read(make([]byte, 1)); err != nil {
			t.Error(err)
		}
		reading <- p
		_, err := p.Read(make([]byte, 1))
		got <- err
	}))
	defer srv.Close()
	body, write := io.Pipe()
	defer write.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if resp, err := srv.Client().Do(req); err == nil {
			_ = resp.Body.Close()
		}
	}()
	if _, err := write.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	(<-reading).Interrupt(cause)
	if err := <-got; !errors.Is(err, cause) {
		t.Error(err)
	}
}
