package tests

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/ayb-go/ayb/tests/harness"
)

// bodyAttack is a body with wrong headers or with too much content.
type bodyAttack struct {
	name    string
	body    func() io.Reader
	headers []string
	status  int
	says    string
}

func text(s string) func() io.Reader { return func() io.Reader { return strings.NewReader(s) } }

// many repeats the same bytes n times, without holding them in memory.
func many(piece string, n int) func() io.Reader {
	return func() io.Reader { return io.LimitReader(&repeat{[]byte(piece), 0}, int64(n)) }
}

type repeat struct {
	piece []byte
	at    int
}

func (r *repeat) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.piece[r.at%len(r.piece)]
		r.at++
	}
	return len(p), nil
}

func gzipped(t *testing.T, r io.Reader) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t *testing.T, r io.Reader, o ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := zstd.NewWriter(&b, o...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(z, r); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hostileHTTP(t *testing.T, srv *harness.Server, mallory *harness.User) {
	for _, a := range append(bodyAttacks(t), documentAttacks()...) {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			db := newTarget(t, srv, mallory)
			sendAttack(t, http.MethodPost, db.url(), mallory, a.body(), a.headers...).wants(t, srv, a.status, a.says)
			db.survives()
		})
	}
	for _, a := range connectionAttacks() {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			db := newTarget(t, srv, mallory)
			head := fmt.Sprintf("POST /v1/mallory/%s/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n", db.db, mallory.Token)
			var got string
			harness.Until(t, "a place beside the other attacks", func() bool {
				got = exchange(t, srv, strings.ReplaceAll(a.sent, "HEAD", head+"Connection: close\r\n"), a.half)
				return !strings.Contains(got, "queries run on the databases of this account")
			})
			if !strings.Contains(got, a.says) || a.says == "" && strings.Contains(got, " 200 ") {
				t.Errorf("got %.400q, want %q", got, a.says)
			}
			db.survives()
		})
	}
	t.Run("slow bodies do not use up the quota", func(t *testing.T) { t.Parallel(); slowBodies(t, srv, mallory) })
	t.Run("unread answers", func(t *testing.T) { t.Parallel(); unreadAnswers(t, srv, mallory) })
}

// bodyAttacks are bodies that are too large, at once or when unpacked.
func bodyAttacks(t *testing.T) []bodyAttack {
	t.Helper()
	const tooLarge = "limits.request_bytes"
	bomb := gzipped(t, many("SELECT 1 -- ", 100<<20)())
	zbomb := zstandard(t, many("SELECT 1 -- ", 100<<20)())
	raw := func(b []byte) func() io.Reader { return func() io.Reader { return bytes.NewReader(b) } }
	return []bodyAttack{
		{"statement of 100 MB", many("SELECT 1 -- ", 100<<20), nil, 413, tooLarge},
		{"gzip bomb", raw(bomb), []string{"Content-Encoding", "gzip"}, 413, tooLarge},
		{"zstd bomb", raw(zbomb), []string{"Content-Encoding", "zstd"}, 413, tooLarge},
		{"gzip in gzip", raw(gzipped(t, bytes.NewReader(bomb))), []string{"Content-Encoding", "gzip, gzip"}, 413, tooLarge},
		{"zstd in gzip", raw(gzipped(t, bytes.NewReader(zbomb))), []string{"Content-Encoding", "zstd", "Content-Encoding", "gzip"}, 413, tooLarge},
		{"gzip three times", raw(gzipped(t, bytes.NewReader(gzipped(t, bytes.NewReader(bomb))))), []string{"Content-Encoding", "gzip,gzip,gzip"}, 400, "more than 2 times"},
		{"zstd with a window of 512 MB", raw(zstandard(t, many("x", 1<<20)(), zstd.WithWindowSize(512<<20), zstd.WithSingleSegment(false))), []string{"Content-Encoding", "zstd"}, 400, "broken"},
		{"zstd that announces 16 EB", raw([]byte("\x28\xb5\x2f\xfd\xe0\xff\xff\xff\xff\xff\xff\xff\x7f\x01\x00\x00")), []string{"Content-Encoding", "zstd"}, 400, ""},
		{"gzip cut short", raw(bomb[:len(bomb)/1000]), []string{"Content-Encoding", "gzip"}, 0, `"message"`},
		{"gzip with a wrong checksum", raw(append(gzipped(t, strings.NewReader("SELECT 1"))[:20], make([]byte, 20)...)), []string{"Content-Encoding", "gzip"}, 400, ""},
		{"no gzip at all", text("SELECT 1"), []string{"Content-Encoding", "gzip"}, 400, "not valid gzip"},
		{"unknown encoding", text("SELECT 1"), []string{"Content-Encoding", "br"}, 415, "not supported"},
		{"encoding with a script", text("SELECT 1"), []string{"Content-Encoding", "<script>"}, 415, "not supported"},
		{"unknown charset", text("SELECT 1"), []string{"Content-Type", "text/plain; charset=ebcdic"}, 415, "charset"},
		{"bytes that are no UTF-8", text("SELECT '\xff\xfe\xc0\xaf'"), nil, 400, "not valid UTF-8"},
		{"UTF-16 with half a pair", text("\xff\xfeS\x00\x00\xd8"), []string{"Content-Type", "text/plain; charset=utf-16"}, 400, "not valid UTF-16"},
		{"Accept of nothing", text("SELECT 1"), []string{"Accept", "image/png"}, 406, "Accept"},
		{"Accept of thousands", text("SELECT 1"), []string{"Accept", strings.Repeat("a/b;q=0.1,", 5_000) + "*/*"}, 200, `"fields"`},
		{"Accept with weights of nonsense", text("SELECT 1"), []string{"Accept", "application/json;q=NaN, text/csv;q=1e999, */*;q=-1"}, 0, ""},
	}
}

// documentAttacks are malicious JSON requests.
func documentAttacks() []bodyAttack {
	list := []struct {
		name, body string
		status     int
		says       string
	}{
		{"JSON: nested deeply", `{"sql":"SELECT 1","params":` + strings.Repeat("[", 900_000), 400, "A value has to be"},
		{"JSON: objects nested deeply", `{"sql":"SELECT 1","params":` + strings.Repeat(`{"a":`, 300_000), 400, ""},
		{"JSON: a name twice", `{"sql":"SELECT 1","sql":"DROP TABLE t"}`, 400, "not valid JSON"},
		{"JSON: a parameter twice", `{"sql":"SELECT :a","params":{":a":1,":a":2}}`, 400, "not valid JSON"},
		{"JSON: a parameter by two names", `{"sql":"SELECT :a","params":{":a":1,"a":2}}`, 400, ""},
		{"JSON: unknown name", `{"sql":"SELECT 1","__proto__":{}}`, 400, "unknown name"},
		{"JSON: huge integer", `{"sql":"SELECT ?","params":[` + strings.Repeat("9", 100_000) + `]}`, 400, "no integer of 64 bits"},
		{"JSON: huge exponent", `{"sql":"SELECT ?","params":[1e999]}`, 400, "no number that a REAL can hold"},
		{"JSON: exponent of a megabyte", `{"sql":"SELECT ?","params":[1e` + strings.Repeat("9", 1_000_000) + `]}`, 400, "no number"},
		{"JSON: fraction of a megabyte", `{"sql":"SELECT ?","params":[0.` + strings.Repeat("1", 1_000_000) + `]}`, 200, "0.1111"},
		{"JSON: NaN", `{"sql":"SELECT ?","params":[NaN]}`, 400, "not valid JSON"},
		{"JSON: NaN in a text", `{"sql":"SELECT ?","params":[{"real":"NaN"}]}`, 400, "no number"},
		{"JSON: no UTF-8", "{\"sql\":\"SELECT '\xff'\"}", 400, "not valid JSON"},
		{"JSON: half a pair", `{"sql":"SELECT '\ud800'"}`, 400, "not valid JSON"},
		{"JSON: NUL in the SQL", `{"sql":"SELECT 1;\u0000DROP TABLE t"}`, 400, ""},
		{"JSON: NUL in a parameter", `{"sql":"SELECT length(?), typeof(?1)","params":["a\u0000b"]}`, 200, `[[1,"text"]]`},
		{"JSON: broken base64", `{"sql":"SELECT ?","params":[{"base64":"@@@"}]}`, 400, "base64"},
		{"JSON: a hundred thousand statements", `{"statements":[` + commas(100_001, repeated(`{"sql":""}`)) + `]}`, 400, "at most 100000 statements"},
		{"JSON: half a million values", `{"sql":"SELECT 1","params":[` + commas(500_001, repeated("0")) + `]}`, 400, "at most 500000 values"},
		{"JSON: too few parameters", `{"sql":"SELECT ?, ?","params":[1]}`, 400, "param"},
		{"JSON: too many parameters", `{"sql":"SELECT ?","params":[1,2]}`, 400, "param"},
		{"JSON: unknown parameter", `{"sql":"SELECT :a","params":{":b":1}}`, 400, ":"},
		{"JSON: parameter number of nonsense", `{"sql":"SELECT ?1","params":{"?99999999999999999999":1}}`, 400, ""},
		{"JSON: two statements with parameters", `{"sql":"SELECT ?; DROP TABLE t","params":[1]}`, 400, ""},
		{"JSON: negative limits", `{"sql":"SELECT 1","max_rows":-1,"timeout_ms":-1}`, 400, "whole number"},
		{"JSON: a longer time limit than allowed", `{"sql":"` + counting + `SELECT max(x) FROM c","timeout_ms":4294967295}`, 408, "limits.statement_timeout"},
		{"JSON: something after it", `{"sql":"SELECT 1"}{"sql":"DROP TABLE t"}`, 400, "after"},
		{"JSON: cut short", `{"sql":"SELECT 1`, 400, "not valid JSON"},
		{"JSON: empty", ``, 400, "not valid JSON"},
		{"JSON: BEGIN in a batch", `{"statements":[{"sql":"BEGIN"},{"sql":"CREATE TABLE t(a)"}],"atomic":false}`, 0, ""},
	}
	var out []bodyAttack
	for _, d := range list {
		out = append(out, bodyAttack{d.name, text(d.body), []string{"Content-Type", "application/json"}, d.status, d.says})
	}
	return out
}

// rawAttack is the text to write to a connection; HEAD stands for the beginning
// of a query. With an empty says the server may close the connection, but must
// not report a success.
type rawAttack struct {
	name, sent, says string
	half             bool // the client closes its half
}

func connectionAttacks() []rawAttack {
	return []rawAttack{
		{"broken chunk length", "HEADTransfer-Encoding: chunked\r\n\r\nzz\r\nSELECT 1\r\n0\r\n\r\n", `"type":"Other"`, false},
		{"chunk longer than it says", "HEADTransfer-Encoding: chunked\r\n\r\n3\r\nSELECT 1\r\n0\r\n\r\n", `"type":"Other"`, false},
		{"chunk length that overflows", "HEADTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nSELECT 1\r\n0\r\n\r\n", `"type":"Other"`, false},
		{"body shorter than announced", "HEADContent-Length: 1000\r\n\r\nSELECT 1", "", true},
		{"Q3 a client that closes its half", "HEADContent-Length: 90\r\n\r\n" + counting + "SELECT max(x) FROM c        ", "", true},
		{"body announced as 16 EB", "HEADContent-Length: 9223372036854775807\r\n\r\nSELECT 1", "413 Request Entity Too Large", false},
		{"length of nonsense", "HEADContent-Length: -1\r\n\r\nSELECT 1", "400 Bad Request", false},
		{"two lengths", "HEADContent-Length: 8\r\nContent-Length: 9\r\n\r\nSELECT 1", "400 Bad Request", false},
		{"length and chunks", "HEADContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nSELECT 1\r\n0\r\n\r\n", `"fields":["1"]`, false},
		{"encoding of nonsense", "HEADTransfer-Encoding: nonsense\r\n\r\nSELECT 1", "501 Not Implemented", false},
		{"header of a megabyte", "HEADX-Y: " + strings.Repeat("y", 2<<20) + "\r\n\r\n", "431 Request Header Fields Too Large", false},
		{"header with NUL", "HEADX-Y: a\x00b\r\n\r\n", "400 Bad Request", false},
		{"smuggled request", "HEADContent-Length: 8\r\n\r\nSELECT 1DELETE /v1/alice/shop.sqlite HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", `"fields":["1"]`, false},
		{"path out of its place", "GET /v1/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404", false},
		{"path encoded out of its place", "POST /v1/..%2f..%2fetc/passwd/query HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", "401", false},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 100) + "\r\n\r\n", "400 Bad Request", false},
		{"an upgrade", "HEADConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\nContent-Length: 8\r\n\r\nSELECT 1", `"fields":["1"]`, false},
	}
}

// exchange writes to a new connection and reads all of the answer.
func exchange(t *testing.T, srv *harness.Server, sent string, half bool) string {
	t.Helper()
	c := connect(t, srv)
	// The server may have answered and closed before it has read everything.
	_, _ = io.WriteString(c, sent)
	if half {
		_ = c.CloseWrite()
	}
	got, _ := io.ReadAll(io.LimitReader(c, 1<<20))
	return string(got)
}

func connect(t *testing.T, srv *harness.Server) *net.TCPConn {
	t.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // of no further use
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return c.(*net.TCPConn)
}

// slowBodies keeps hundreds of unfinished requests open.
func slowBodies(t *testing.T, srv *harness.Server, mallory *harness.User) {
	db := newTarget(t, srv, mallory)
	for i := range 300 {
		c := connect(t, srv)
		if _, err := fmt.Fprintf(c, "POST /v1/mallory/%s/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\nSELECT", db.db, mallory.Token, 1000+i*5000); err != nil {
			t.Fatal(err)
		}
	}
	db.survives()
}

// unreadAnswers requests endless answers and reads a little of each. P8: they
// wait on the way in limited memory; another request is refused at worst.
func unreadAnswers(t *testing.T, srv *harness.Server, mallory *harness.User) {
	db := newTarget(t, srv, mallory)
	const sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT hex(zeroblob(10000)) FROM c"
	var open []*net.TCPConn
	for range 8 {
		c := connect(t, srv)
		if _, err := fmt.Fprintf(c, "POST /v1/mallory/%s/query HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", db.db, mallory.Token, len(sql), sql); err != nil {
			t.Fatal(err)
		}
		open = append(open, c)
	}
	first := 0
	for _, c := range open[:4] { // these run at the same time in any case
		line, err := bufio.NewReader(c).ReadString('\n')
		if err == nil && strings.Contains(line, "200") {
			first++
		}
	}
	if first == 0 {
		t.Error("no answer began")
	}
	for _, c := range open {
		_ = c.Close()
	}
	db.survives()
}
