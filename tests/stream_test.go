package tests

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

const (
	// memoryGrowth is the memory that a stream of any size may need in each process.
	memoryGrowth = 64 << 20
	millionRows  = 1_000_000
)

// P8: results stream. A large result passes through every process in little
// memory, complete and in order, and a slow reader slows only its own statement.
func TestStreamP8(t *testing.T) {
	for _, topology := range harness.Topologies() {
		t.Run(string(topology), func(t *testing.T) {
			srv := harness.Start(t, topology)
			alice := srv.Register("alice")
			alice.Create("big.sqlite")
			alice.Exec("big.sqlite", fmt.Sprintf(`CREATE TABLE big(id INTEGER PRIMARY KEY, name TEXT, price REAL);
				INSERT INTO big WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < %d)
				SELECT x, 'item ' || x, x + 0.5 FROM c`, millionRows))
			restartDaemons(t, srv)
			t.Run("million rows", func(t *testing.T) { streamMillion(t, srv, alice) })
			t.Run("gigabyte", func(t *testing.T) { streamGigabyte(t, srv, alice) })
			t.Run("slow reader", func(t *testing.T) { streamSlowly(t, srv, alice) })
		})
	}
}

// restartDaemons frees the memory that loading has used.
func restartDaemons(t *testing.T, srv *harness.Server) {
	t.Helper()
	for _, pid := range srv.Daemons() {
		kill(t, pid)
	}
	harness.Until(t, "the daemons to end", func() bool { return len(srv.Daemons()) == 0 })
}

// post sends SQL and returns the unread body of the answer.
func post(ctx context.Context, t *testing.T, srv *harness.Server, user *harness.User, db, sql string) io.ReadCloser {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+httpapi.DatabasePath(user.Name, db, "query"), strings.NewReader(sql))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+user.Token)
	transport := &http.Transport{DisableCompression: true, ReadBufferSize: 64 << 10, DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		text, err := io.ReadAll(resp.Body)
		t.Fatalf("status %d: %s %v", resp.StatusCode, text, err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() }) // usually it is closed already
	return resp.Body
}

// memory is the resident memory of every process of a server.
type memory map[string]map[int]int64

func measure(srv *harness.Server, of func(pid int) int64) memory {
	m := memory{"daemon": {}}
	for _, pid := range srv.Daemons() {
		m["daemon"][pid] = of(pid)
	}
	for _, role := range srv.Topology.Roles() {
		pid := srv.Process(role).PID()
		m[role] = map[int]int64{pid: of(pid)}
	}
	return m
}

// holds compares the peak of every process with its memory before.
func (before memory) holds(t *testing.T, srv *harness.Server) {
	t.Helper()
	for role, now := range measure(srv, harness.PeakRSS) {
		for pid, peak := range now {
			idle, known := before[role][pid]
			if !known {
				t.Errorf("%s %d was not there before", role, pid)
			}
			t.Logf("%s: %d MB before, %d MB at most", role, idle>>20, peak>>20)
			if peak-idle > memoryGrowth && !harness.Race() {
				t.Errorf("%s grew by %d MB", role, (peak-idle)>>20)
			}
		}
	}
}

func streamMillion(t *testing.T, srv *harness.Server, alice *harness.User) {
	alice.Cell("big.sqlite", "SELECT 1")
	before := measure(srv, harness.RSS)
	begin := time.Now()
	body := bufio.NewReaderSize(post(t.Context(), t, srv, alice, "big.sqlite", "SELECT id, name, price FROM big"), 256<<10)
	size := 0
	expect := func(want []byte) {
		got := make([]byte, len(want))
		if _, err := io.ReadFull(body, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("after %d bytes: %q, %v; want %q", size, got, err, want)
		}
		size += len(want)
	}
	expect([]byte(`{"fields":["id","name","price"],"rows":[`))
	var row []byte
	for i := 1; i <= millionRows; i++ {
		row = row[:0]
		if i > 1 {
			row = append(row, ',')
		}
		row = fmt.Appendf(row, `["%d","item %d","%d.5"]`, i, i, i)
		expect(row)
	}
	expect([]byte(`]}`))
	if _, err := body.ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("there is more: %v", err)
	}
	t.Logf("%d rows, %d MB in %s", millionRows, size>>20, time.Since(begin).Round(time.Millisecond))
	before.holds(t, srv)
}

func streamGigabyte(t *testing.T, srv *harness.Server, alice *harness.User) {
	const width = 1000
	rows := 1 << 20
	if harness.Race() {
		rows >>= 4
	}
	before := measure(srv, harness.RSS)
	begin := time.Now()
	body := post(t.Context(), t, srv, alice, "big.sqlite", fmt.Sprintf(
		`WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < %d) SELECT printf('%%0%dd', x) AS cell FROM c`, rows, width))
	size, err := io.Copy(io.Discard, body)
	if err != nil {
		t.Fatal(err)
	}
	want := int64(len(`{"fields":["cell"],"rows":[]}`)) + int64(rows)*(width+int64(len(`[""],`))) - 1
	if size != want {
		t.Errorf("%d bytes came, not %d", size, want)
	}
	t.Logf("%d MB in %s", size>>20, time.Since(begin).Round(time.Millisecond))
	before.holds(t, srv)
}

// streamSlowly stops reading for a while, during which the server must not
// compute or store anything.
func streamSlowly(t *testing.T, srv *harness.Server, alice *harness.User) {
	before := measure(srv, harness.RSS)
	body := post(t.Context(), t, srv, alice, "big.sqlite", "SELECT id, name, price FROM big AS a CROSS JOIN (SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3)")
	if _, err := io.CopyN(io.Discard, body, 1<<20); err != nil {
		t.Fatal(err)
	}
	// The statement runs until all buffers on the way are full.
	harness.Until(t, "the statement to wait for its reader", func() bool {
		computed := computedBy(srv)
		<-time.After(200 * time.Millisecond)
		return computedBy(srv)-computed <= 20*time.Millisecond
	})
	computed, begin := computedBy(srv), time.Now()
	slowly := make([]byte, 16<<10)
	for time.Since(begin) < 2*time.Second {
		if _, err := io.ReadFull(body, slowly); err != nil {
			t.Fatal(err)
		}
		harness.Pause()
	}
	t.Logf("the daemon computed %s in %s of slow reading", computedBy(srv)-computed, time.Since(begin).Round(time.Millisecond))
	before.holds(t, srv)
	size, err := io.Copy(io.Discard, body) // the statement goes on
	if err != nil || size < 50<<20 {
		t.Errorf("after the pause came %d bytes, %v", size, err)
	}
	before.holds(t, srv)
}

// computedBy returns the processor time of the daemons.
func computedBy(srv *harness.Server) (sum time.Duration) {
	for _, pid := range srv.Daemons() {
		sum += harness.ProcessorTime(pid)
	}
	return sum
}

// Q3: a client that disconnects stops its statement, while rows flow, while rows
// wait for the client, or before the first row. The only reader of the database
// shows it: it answers the next query as soon as the statement has stopped,
// which no limit does here.
func TestDisconnectQ3(t *testing.T) {
	const (
		rowless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT count(*) FROM c"
		flowing = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x FROM c"
	)
	for _, topology := range harness.Topologies() {
		t.Run(string(topology), func(t *testing.T) {
			srv := harness.Start(t, topology, harness.WithConfig("[querynode]\nreaders = 1\n[limits]\nstatement_timeout = \"1h\""))
			alice := srv.Register("alice")
			alice.Create("a.sqlite")
			alice.Exec("a.sqlite", "CREATE TABLE t(x)")
			for _, c := range []struct {
				name, sql string
				reads     bool
			}{{"no row yet", rowless, false}, {"rows flow", flowing, true}, {"rows wait", flowing, false}} {
				t.Run(c.name, func(t *testing.T) {
					var took []time.Duration
					for range 9 {
						took = append(took, disconnect(t, srv, alice, c.sql, c.reads))
					}
					t.Logf("the reader was free after %v", took)
				})
			}
		})
	}
}

// disconnect starts a statement, closes the connection in the middle of it, and
// returns how long the reader stayed occupied. reads reports whether the client
// reads until then.
func disconnect(t *testing.T, srv *harness.Server, user *harness.User, sql string, reads bool) time.Duration {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }() // usually it is closed already
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Length: %s\r\n\r\n%s",
		httpapi.DatabasePath(user.Name, "a.sqlite", "query"), user.Token, strconv.Itoa(len(sql)), sql); err != nil {
		t.Fatal(err)
	}
	if reads {
		go func() { _, _ = io.Copy(io.Discard, conn) }() // ends with the connection
	}
	// Another query waits as long as the statement runs.
	computed := computedBy(srv)
	harness.Until(t, "the statement to run", func() bool { return computedBy(srv) >= computed+30*time.Millisecond })
	answered := make(chan error, 1)
	go func() {
		_, err := user.Query(t.Context(), user.Name, "a.sqlite", "SELECT 1")
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("the only reader was free while a statement ran: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	begin := time.Now()
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-answered:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute): // only the disconnect ends it so soon
		t.Fatal("the statement goes on after the disconnect")
	}
	return time.Since(begin)
}
