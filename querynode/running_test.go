package querynode_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/query"
)

// ask asks something of a database as alice does, who manages it.
func (n *node) ask(kind query.Kind, name, body string) (string, error) {
	return n.answer(nodeapi.QueryRequest{
		Path: path(name), Type: ayb.SQLite, Kind: kind, Mode: ayb.QueryReadWrite, Format: query.FormatCompat,
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

// What runs can be listed and stopped; for that no daemon is started.
func TestRunningStatements(t *testing.T) {
	n := start(t, nil)
	n.create("a")
	if text, err := n.ask(query.KindRunning, "a", ""); err != nil || text != `{"queries":[]}` {
		t.Errorf("nothing runs: %s, %v", text, err)
	}
	if _, err := n.ask(query.KindCancel, "a", "0123456789abcdef"); !errs.Is(err, errs.NotFound) {
		t.Errorf("canceled nothing: %v", err)
	}
	if d := daemons(t); len(d) != 0 {
		t.Errorf("daemons %v", d)
	}

	told := make(chan error, 1)
	go func() {
		_, err := n.ask(query.KindQuery, "a", endless)
		told <- err
	}()
	var running query.Running
	bustest.Until(t, "the statement to run", func() bool {
		text, err := n.ask(query.KindRunning, "a", "")
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
	if _, err := n.ask(query.KindCancel, "a", "0123456789abcdef"); !errs.Is(err, errs.NotFound) {
		t.Errorf("canceled an unknown one: %v", err)
	}
	begin := time.Now()
	if _, err := n.ask(query.KindCancel, "a", running.Queries[0].ID); err != nil {
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
	text, err := n.ask(query.KindSchema, "a", "")
	var s query.Schema
	if err == nil {
		err = json.Unmarshal([]byte(text), &s)
	}
	if err != nil || len(s.Tables) != 1 || len(s.Views) != 1 || s.Tables[0].Name != "t" || s.Views[0].Columns[0].Name != "x" {
		t.Errorf("%s, %v", text, err)
	}
}
