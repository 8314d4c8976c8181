package tests

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// forms are the kinds of requests that insert. A unit must be stored completely
// or not at all; each of its rows has the number of its rows.
var forms = []struct {
	name string
	// body is the request for units from the number n on.
	body  func(n int) string
	units int // in a request
	rows  int // in a unit
}{
	{"text", func(n int) string { return fmt.Sprintf("INSERT INTO t VALUES (%d, 0, 1)", n) }, 1, 1},
	{"values", func(n int) string {
		return fmt.Sprintf(`{"sql":"INSERT INTO t VALUES (?, ?, ?)","params":[%d,0,1]}`, n)
	}, 1, 1},
	{"one statement of three rows", func(n int) string {
		return fmt.Sprintf(`{"sql":"INSERT INTO t VALUES (?1, 0, 3), (?1, 1, 3), (?1, 2, 3) RETURNING part","params":[%d]}`, n)
	}, 1, 3},
	{"batch", func(n int) string { return batch(true, row(n, 0, 3), row(n, 1, 3), row(n, 2, 3)) }, 1, 3},
	{"batch that is not atomic", func(n int) string { return batch(false, row(n, 0, 1), row(n+1, 0, 1), row(n+2, 0, 1)) }, 3, 1},
}

func row(unit, part, parts int) string {
	return fmt.Sprintf(`{"sql":"INSERT INTO t VALUES (?, ?, ?)","params":[%d,%d,%d]}`, unit, part, parts)
}

func batch(atomic bool, statements ...string) string {
	return fmt.Sprintf(`{"atomic":%t,"statements":[%s]}`, atomic, strings.Join(statements, ","))
}

// inserters insert into a database at the same time, each unit once and in all
// forms, and record which units were acknowledged.
type inserters struct {
	t      *testing.T
	user   *harness.User
	db     string
	client *http.Client
	stop   context.CancelFunc
	wg     sync.WaitGroup
	strict bool // nothing may fail

	mu     sync.Mutex
	next   int
	rows   map[int]int  // of each unit that was sent
	acked  map[int]bool // units
	forms  map[string]int
	failed int
}

func startInserters(t *testing.T, user *harness.User, db string, clients int, strict bool) *inserters {
	t.Helper()
	user.Create(db)
	user.Exec(db, "CREATE TABLE t(unit, part, parts); CREATE INDEX units ON t(unit)")
	ctx, cancel := context.WithCancel(t.Context())
	in := &inserters{
		t: t, user: user, db: db, stop: cancel, strict: strict,
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
		rows:   map[int]int{}, acked: map[int]bool{}, forms: map[string]int{}, next: 1,
	}
	for i := range clients {
		in.wg.Go(func() { in.work(ctx, i) })
	}
	t.Cleanup(in.end)
	return in
}

// end stops the clients after their current requests.
func (in *inserters) end() {
	in.stop()
	in.wg.Wait()
	in.client.CloseIdleConnections()
}

func (in *inserters) work(ctx context.Context, i int) {
	for ; ctx.Err() == nil; i++ {
		form := forms[i%len(forms)]
		in.mu.Lock()
		first := in.next
		in.next += form.units
		for n := range form.units {
			in.rows[first+n] = form.rows
		}
		in.mu.Unlock()
		err := in.insert(context.WithoutCancel(ctx), form.body(first))
		in.note(form.name, first, form.units, err)
		if err != nil {
			harness.Pause()
		}
	}
}

// sendQuery sends a query, as JSON if its body is an object, and returns the
// answer.
func sendQuery(ctx context.Context, client *http.Client, user *harness.User, db, body string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, user.URL()+httpapi.DatabasePath(user.Name, db, "query"), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+user.Token)
	if body[0] == '{' {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The server is gone")
	}
	defer func() { _ = resp.Body.Close() }() // it has been read
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, errs.Wrap(errs.Unavailable, err, "The server is gone")
	}
	if resp.StatusCode != http.StatusOK {
		return nil, httpapi.ToError(resp.StatusCode, text)
	}
	return text, nil
}

// insert sends a request, and returns nil if all of it was acknowledged.
func (in *inserters) insert(ctx context.Context, body string) error {
	text, err := sendQuery(ctx, in.client, in.user, in.db, body)
	if err != nil {
		return err
	}
	var doc struct {
		Results []struct {
			Error    json.RawMessage
			Affected int `json:"rows_affected"`
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}
	for _, r := range doc.Results {
		if r.Error != nil || r.Affected == 0 {
			return fmt.Errorf("a statement of %s did not work: %s", body, text)
		}
	}
	return nil
}

func (in *inserters) note(form string, first, units int, err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	switch code := errs.CodeOf(err); {
	case code == "":
		in.forms[form]++
		for n := range units {
			in.acked[first+n] = true
		}
	case !in.strict && (code == errs.Unavailable || code == errs.Engine || code == errs.Timeout):
		in.failed++ // the rows may be stored or not
	default:
		in.t.Errorf("insert %d (%s): %v", first, form, err)
	}
}

func (in *inserters) count() int {
	in.mu.Lock()
	defer in.mu.Unlock()
	return len(in.acked)
}

// more waits for more acknowledged inserts.
func (in *inserters) more(n int) {
	in.t.Helper()
	want := in.count() + n
	harness.Until(in.t, fmt.Sprintf("%d more inserts", n), func() bool { return in.count() >= want })
}

// halves looks for incomplete and repeated units while inserters work.
func (in *inserters) halves() {
	in.t.Helper()
	harness.Until(in.t, "an answer", func() bool {
		r, err := in.user.Query(in.t.Context(), in.user.Name, in.db,
			"SELECT unit FROM t GROUP BY unit HAVING count(*) <> max(parts) OR count(DISTINCT part) <> max(parts)")
		if err == nil && len(r.Rows) > 0 {
			in.t.Errorf("%d units are incomplete, such as %s", len(r.Rows), *r.Rows[0][0])
		}
		return err == nil
	})
}

// check looks for every acknowledged unit, and for unexpected rows.
func (in *inserters) check() {
	in.t.Helper()
	in.end()
	r, err := in.user.Query(in.t.Context(), in.user.Name, in.db, "SELECT unit, count(*), count(DISTINCT part), min(parts), max(parts) FROM t GROUP BY unit")
	if err != nil {
		in.t.Fatal(err)
	}
	there, unknown := map[int]bool{}, 0
	for _, row := range r.Rows {
		n, err := strconv.Atoi(*row[0])
		if err != nil || in.rows[n] == 0 {
			in.t.Errorf("unit %q was never sent", *row[0])
		}
		for _, cell := range row[1:] {
			if *cell != strconv.Itoa(in.rows[n]) {
				in.t.Errorf("unit %d of %d rows has %s rows, %s different ones", n, in.rows[n], *row[1], *row[2])
				break
			}
		}
		there[n] = true
		if !in.acked[n] {
			unknown++
		}
	}
	lost := 0
	for n := range in.acked {
		if !there[n] {
			lost++
		}
	}
	if lost > 0 {
		in.t.Errorf("%d of %d acknowledged units are lost", lost, len(in.acked))
	}
	for _, form := range forms {
		if in.forms[form.name] == 0 {
			in.t.Errorf("no %s was acknowledged", form.name)
		}
	}
	if got := in.user.Cell(in.db, "PRAGMA integrity_check"); got != "ok" {
		in.t.Errorf("integrity_check: %s", got)
	}
	in.t.Logf("%d units acknowledged, %d requests failed, %d units found that were not acknowledged; %v", len(in.acked), in.failed, unknown, in.forms)
}
