package stream

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/ayb-go/ayb/shared/errs"
)

// unpacked decompresses an answer.
func unpacked(t *testing.T, coding string, r io.Reader) string {
	t.Helper()
	switch coding {
	case codingGzip:
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	case codingZstd:
		z, err := zstd.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		r = z
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// lines returns an NDJSON answer of about so many bytes.
func lines(size int) string { return strings.Repeat("[1,\"a\",null]\n", size/13+1) }

func TestCompression(t *testing.T) {
	var pool Compressors
	random := make([]byte, 4096)
	for i, x := 0, uint32(1); i < len(random); i++ {
		x = x*1664525 + 1013904223
		random[i] = byte(x >> 24)
	}
	for _, coding := range []string{"", codingGzip, codingZstd} {
		for name, tt := range map[string]struct {
			list   []string
			packed bool // if at all
			length bool
		}{
			"small":                 {[]string{lines(900)}, false, true},
			"small, in chunks":      {[]string{lines(400), lines(400), ""}, false, true},
			"one chunk":             {[]string{lines(5000)}, true, true},
			"held, in chunks":       {[]string{lines(5000), lines(5000), ""}, true, true},
			"a stream":              {[]string{lines(holdBytes), lines(100_000), lines(10), ""}, true, false},
			"a stream, last filled": {[]string{lines(holdBytes), "end"}, true, true},
			"gains nothing":         {[]string{string(random)}, false, true},
		} {
			c := &connection{header: http.Header{}}
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			if err := copyAnswer(c, r, &chunks{list: tt.list}, Options{ContentType: JSON, Coding: coding, Pool: &pool}, time.Hour); err != nil {
				t.Fatal(err)
			}
			got := c.header.Get("Content-Encoding")
			if want := coding; tt.packed && got != want || !tt.packed && got != "" {
				t.Errorf("%s with %q: encoded as %q", name, coding, got)
			}
			if (c.header.Get("Content-Length") != "") != tt.length {
				t.Errorf("%s with %q: length %q", name, coding, c.header.Get("Content-Length"))
			}
			raw, want := c.body.Len(), strings.Join(tt.list, "")
			if got := unpacked(t, got, &c.body); got != want {
				t.Errorf("%s with %q: %d bytes come back as %d", name, coding, len(want), len(got))
			}
			if got != "" && raw > len(want)/5 {
				t.Errorf("%s with %q: %d bytes became %d", name, coding, len(want), raw)
			}
		}
	}
	if n := pool.lent.Load(); n != 0 {
		t.Errorf("%d compressors were not returned", n)
	}
}

// steps is an answer whose chunks wait for each other.
type steps struct {
	chunks chan string
	err    error
}

func (s *steps) Next(ctx context.Context) ([]byte, bool, error) {
	select {
	case c, ok := <-s.chunks:
		if !ok {
			return nil, s.err == nil, s.err
		}
		return []byte(c), false, nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

func (s *steps) Close() {}

// A slow result arrives row by row, also when it is compressed.
func TestSlowCompressedAnswer(t *testing.T) {
	for _, coding := range []string{codingGzip, codingZstd} {
		var pool Compressors
		a := &steps{chunks: make(chan string)}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := copyAnswer(w, r, a, Options{ContentType: NDJSON, Coding: coding, Pool: &pool}, time.Millisecond); err != nil {
				t.Error(err)
			}
		}))
		t.Cleanup(server.Close)
		go func() { a.chunks <- "row 0\n" }()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", coding) // the transport leaves such an answer alone
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if got := resp.Header.Get("Content-Encoding"); got != coding {
			t.Fatalf("encoded as %q", got)
		}
		var body io.Reader
		if coding == codingGzip {
			body, err = gzip.NewReader(resp.Body)
		} else {
			body, err = zstd.NewReader(resp.Body, zstd.WithDecoderConcurrency(1))
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			row := make([]byte, 6)
			if _, err := io.ReadFull(body, row); err != nil || string(row) != "row "+string(rune('0'+i))+"\n" {
				t.Fatalf("%s: %q, %v", coding, row, err)
			}
			if i < 2 {
				a.chunks <- "row " + string(rune('1'+i)) + "\n"
			}
		}
		close(a.chunks)
		if rest, err := io.ReadAll(body); err != nil || len(rest) != 0 {
			t.Errorf("%s: %q, %v", coding, rest, err)
		}
	}
}

// The number of compressors is limited, so further answers are not compressed.
func TestCompressorsAreBounded(t *testing.T) {
	var pool Compressors
	var taken []compressor
	for range maxCompressors {
		z := pool.get(codingZstd, io.Discard)
		if z == nil {
			t.Fatal("the pool is empty too early")
		}
		taken = append(taken, z)
	}
	if pool.get(codingZstd, io.Discard) != nil || pool.get(codingGzip, io.Discard) != nil {
		t.Error("more compressors than allowed")
	}
	// An answer without a compressor is sent uncompressed.
	c := &connection{header: http.Header{}}
	body := lines(2 * holdBytes)
	err := copyAnswer(c, httptest.NewRequest(http.MethodPost, "/", nil), &chunks{list: []string{body, ""}}, Options{ContentType: JSON, Coding: codingGzip, Pool: &pool}, time.Hour)
	if err != nil || c.body.String() != body || c.header.Get("Content-Encoding") != "" {
		t.Errorf("%v, %v", err, c.header)
	}
	for _, z := range taken {
		pool.put(codingZstd, z)
	}
	if z := pool.get(codingGzip, io.Discard); z == nil {
		t.Error("no compressor is free again")
	}
}

// An NDJSON answer ends with the line of its error, also after an incomplete row.
func TestLastLine(t *testing.T) {
	broken := errs.E(errs.Engine, "broken")
	mega := lines(holdBytes)
	for _, coding := range []string{"", codingGzip, codingZstd} {
		for sent, want := range map[string]string{mega: mega + "told: broken\n", mega + `["ha`: mega + "[\"ha\ntold: broken\n"} {
			var pool Compressors
			c := &connection{header: http.Header{}}
			d := Options{ContentType: NDJSON, Coding: coding, Pool: &pool, LastLine: func(err error) []byte { return []byte("told: " + err.Error() + "\n") }}
			r := httptest.NewRequest(http.MethodPost, "/", nil)
			if err := copyAnswer(c, r, &chunks{list: []string{"", sent}, err: broken}, d, time.Hour); err != nil {
				t.Fatal(err)
			}
			if got := unpacked(t, coding, bytes.NewReader(c.body.Bytes())); got != want {
				t.Errorf("%q: ends with %q", coding, got[max(0, len(got)-40):])
			}
			if pool.lent.Load() != 0 {
				t.Error("the compressor was not returned")
			}
		}
	}
	// Before the first byte the error is returned, without a last line.
	d := Options{ContentType: NDJSON, LastLine: func(error) []byte { t.Error("a last line"); return nil }}
	c := &connection{header: http.Header{}}
	if err := copyAnswer(c, httptest.NewRequest(http.MethodPost, "/", nil), &chunks{list: []string{"a\n"}, err: broken}, d, time.Hour); !errors.Is(err, broken) || c.body.Len() != 0 {
		t.Error(err)
	}
}
