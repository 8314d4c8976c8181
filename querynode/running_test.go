package querynode_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// ask asks something of a database as alice does, who manages it.
func (n *node) ask(kind daemonapi.Kind, name, body string) (string, error) {
	return n.answer(nodeapi.QueryRequest{
		Path: path(name), Type: ayb.SQLite, Kind: kind, Mode: ayb.QueryReadWrite, Format: daemonapi.FormatCompat,
		Caller: "alice", All: true, Body: []byte(body),
	})
}

func (n *node) answer(r nodeapi.QueryRequest) (string, error) {
	ctx := context.WithoutCancel(n.t.Context())
	a, err := n.client.Query(ctx, n.id, r)
	if err != nil {
		return "", err
	}
	defer a.Close()
	var text []byte
	for {
		p, last, err := a.Next(ctx)
		if err != nil {
			return "", err
		}
		if text = append(text, p...); last {
			return string(text), nil
		}
	}
}

// Running statements can be listed and stopped. No daemon is started for that.
func TestRunningStatements(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	if text, err := n.ask(daemonapi.KindRunning, "a", ""); err != nil || text != `{"queries":[]}` {
		t.Errorf("nothing runs: %s, %v", text, err)
	}
	if _, err := n.ask(daemonapi.KindCancel, "a", "0123456789abcdef"); !errs.Is(err, errs.NotFound) {
		t.Errorf("canceled nothing: %v", err)
	}
	if d := daemons(t); len(d) != 0 {
		t.Errorf("daemons %v", d)
	}

	told := make(chan error, 1)
	go func() {
		_, err := n.ask(daemonapi.KindQuery, "a", endless)
		told <- err
	}()
	var running daemonapi.Running
	bustest.Until(t, "the statement to run", func() bool {
		text, err := n.ask(daemonapi.KindRunning, "a", "")
		if err == nil {
			err = json.Unmarshal([]byte(text), &running)
		}
		if err != nil {
			t.Fatal(err)
		}
		return len(running.Queries) == 1 && running.Queries[0].State == "running"
	})
	if q := running.Queries[0]; q.SQL != endless || q.Caller != "alice" {
		t.Errorf("listed as %+v", q)
	}
	if _, err := n.ask(daemonapi.KindCancel, "a", "0123456789abcdef"); !errs.Is(err, errs.NotFound) {
		t.Errorf("canceled an unknown one: %v", err)
	}
	begin := time.Now()
	if _, err := n.ask(daemonapi.KindCancel, "a", running.Queries[0].ID); err != nil {
		t.Error(err)
	}
	if err := <-told; !errs.Is(err, errs.Canceled) || err.Error() != "The statement was canceled by alice" {
		t.Errorf("its client was told %v", err)
	}
	t.Logf("canceled within %s", time.Since(begin))
}

func TestSchemaOfNode(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x); CREATE VIEW v AS SELECT x FROM t")
	text, err := n.ask(daemonapi.KindSchema, "a", "")
	var s daemonapi.Schema
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	if err != nil || len(s.Tables) != 1 || len(s.Views) != 1 || s.Tables[0].Name != "t" || s.Views[0].Columns[0].Name != "x" {
		t.Errorf("%s, %v", text, err)
	}
}

// Small JSON tokens that become large in memory, from several callers at once,
// do not end the daemon.
func TestLargeJSONDoesNotKillTheDaemon(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	n.exec("a", "CREATE TABLE t(x)")
	before := daemons(t)
	var wg sync.WaitGroup
	for name, body := range map[string]string{
		"values, far too many":     `{"sql":"SELECT 1","params":[` + strings.Repeat("0,", 8<<20-100) + `0]}`,
		"names, far too many":      `{"sql":"SELECT 1","params":{"a":1` + manyNames(1<<20) + `}}`,
		"values":                   `{"sql":"SELECT 1","params":[` + strings.Repeat("0,", 499_999) + `0]` + strings.Repeat(" ", 14<<20) + `}`,
		"statements, far too many": `{"statements":[` + strings.Repeat(`{"sql":""},`, 1<<20) + `{"sql":""}]}`,
		"statements":               `{"statements":[` + strings.Repeat(`{"sql":""},`, 99_999) + `{"sql":""}]}`,
	} {
		for range 2 {
			wg.Go(func() {
				_, err := n.answer(nodeapi.QueryRequest{
					Path: path("a"), Type: ayb.SQLite, Mode: ayb.QueryReadWrite, Form: daemonapi.FormJSON, Format: daemonapi.FormatJSON,
					Caller: "alice", Body: []byte(body),
				})
				if errs.Is(err, errs.Engine) {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
	}
	wg.Wait()
	n.exec("a", "SELECT 1")
	if after := daemons(t); !slices.Equal(before, after) {
		t.Errorf("daemons %v became %v", before, after)
	}
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	return b.String()
}
