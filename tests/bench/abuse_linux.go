package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// The work abuse: the quiet account of the work noisy, while another account and
// several addresses occupy the server's resources: with endless compressed
// bodies, slow imports, and connections with incomplete requests. The server's
// limits are the defaults.
const (
	abuserName = "abuser"
	// abuseTarget is the largest p99, in milliseconds.
	abuseTarget = 1000
)

// openRequest is a request that never ends.
type openRequest struct {
	times            int
	from, begin, bit string
}

// abuse measures the quiet account alone and under attack.
func (b *bench) abuse(ctx context.Context) error {
	both, err := b.startBoth(ctx, "point")
	if err != nil {
		return err
	}
	ayb := both[1]
	all, err := ayb.attacks(ctx)
	if err != nil {
		return err
	}
	var alone, under [][]time.Duration
	for range b.rounds {
		took, err := readQuietly(ctx, ayb, b.length)
		if err != nil {
			return err
		}
		slices.Sort(took)
		alone = append(alone, took)
		if took, err = besideAttacks(ctx, ayb, all, b.length); err != nil {
			return err
		}
		slices.Sort(took)
		under = append(under, took)
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	b.found.add(nil,
		line{Measure: "abuse: p99 of another account alone", Unit: " ms", Ayb: ms(medianOfQuantiles(alone, 0.99))},
		line{Measure: "abuse: p99 of another account under attack", Unit: " ms", Ayb: ms(medianOfQuantiles(under, 0.99))}.atMost(abuseTarget))
	return nil
}

// attacks creates the attacking account, and returns its attacks.
func (s *server) attacks(ctx context.Context) ([]openRequest, error) {
	token, err := s.register(ctx, abuserName)
	if err != nil {
		return nil, fmt.Errorf("make the abusing account: %w", err)
	}
	owner, err := s.api(token)
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write(bytes.Repeat([]byte(" "), 15<<20)); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	head := func(path, more string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: ayb\r\nAuthorization: Bearer " + token + "\r\n" + more + "\r\n\r\n"
	}
	all := []openRequest{
		{200, "127.0.2.1", "POST /v1/log_in HTTP/1.1\r\nHost: ayb\r\nContent-Length: 100\r\n\r\n", "x"},
		{200, "127.0.2.2", "POST /v1/log_in HTTP/1.1\r\nHost: a", "b"},
	}
	for i := range 12 {
		name := fmt.Sprintf("place%d", i)
		if _, err := owner.CreateDatabase(ctx, abuserName, name, httpapi.CreateDatabaseRequest{DBType: "sqlite"}); err != nil {
			return nil, err
		}
		bodies := head(httpapi.DatabasePath(abuserName, name, "query"), fmt.Sprintf("Content-Length: %d\r\nContent-Encoding: gzip", packed.Len()))
		all = append(all,
			openRequest{5, "127.0.2.3", bodies + packed.String()[:packed.Len()-8], ""},
			openRequest{1, "127.0.2.4", head(httpapi.DatabasePath(abuserName, name, "import")+"?format=csv&table=t", "Transfer-Encoding: chunked") + "4\r\na,b\n\r\n", "2\r\n1,\r\n"})
	}
	return all, nil
}

// besideAttacks measures the quiet account during all attacks.
func besideAttacks(ctx context.Context, ayb *server, all []openRequest, length time.Duration) ([]time.Duration, error) {
	ctx, stop := context.WithCancel(ctx)
	var running sync.WaitGroup
	var begun atomic.Int64
	defer running.Wait()
	defer stop()
	for _, h := range all {
		for range h.times {
			running.Go(func() {
				for ctx.Err() == nil {
					h.keepOpen(ctx, ayb.addr, &begun)
					pause(ctx, 50*time.Millisecond) // so that refused connections do not become a flood
				}
			})
		}
	}
	for deadline := time.Now().Add(30 * time.Second); begun.Load() < 400; pause(ctx, time.Millisecond) {
		if time.Now().After(deadline) {
			return nil, errors.New("the attacks do not begin")
		}
	}
	return readQuietly(ctx, ayb, length)
}

// keepOpen sends the beginning of the request, then more of it bit by bit, until the
// server ends it.
func (h openRequest) keepOpen(ctx context.Context, addr string, begun *atomic.Int64) {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(h.from)}}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	begun.Add(1)
	if _, err := io.WriteString(conn, h.begin); err != nil {
		return
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, conn) // any answer
	}()
	for {
		select {
		case <-ended:
			return
		case <-time.After(time.Second):
			if _, err := io.Copy(conn, strings.NewReader(h.bit)); err != nil {
				return
			}
		}
	}
}

// pause waits, at most until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
