package client_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// shop is a schema with all kinds of objects.
func shop() daemonapi.Schema {
	n := int64(1200)
	return daemonapi.Schema{
		Tables: []daemonapi.Table{
			{Name: "fruit", Type: "table", SQL: "CREATE TABLE fruit(…)", Rows: &n, PrimaryKey: []string{"id"},
				Columns: []daemonapi.Column{{Name: "id", Type: "INTEGER", NotNull: true}, {Name: "Name", Type: "TEXT", Default: textPointer("'?'")},
					{Name: "upper", Generated: "virtual"}, {Name: "maker"}},
				Indexes: []daemonapi.Index{{Name: "fruit_name", Unique: true, Partial: true, Columns: []*string{textPointer("Name"), nil}}, {Name: "m", Columns: []*string{textPointer("maker")}}},
				ForeignKeys: []daemonapi.ForeignKey{{Columns: []string{"maker"}, Table: "makers", References: []string{"id"}, OnUpdate: "NO ACTION", OnDelete: "SET NULL"},
					{Columns: []string{"maker"}, Table: "x", OnUpdate: "CASCADE"}}},
			{Name: "select", Type: "virtual", PrimaryKey: []string{"b", "a"}, Columns: []daemonapi.Column{{Name: "a"}, {Name: "b"}, {Name: "rank", Hidden: true}}},
		},
		Views: []daemonapi.Table{{Name: "bad\x1b[2J", Type: "view", Error: "no such table: main.gone"}},
	}
}

func TestSchema(t *testing.T) {
	s := newServer(t, ok(200, shop()))
	u := atServer(t, s)
	u.want(" Name       | Type    | Rows | Columns \n"+
		"------------+---------+------+--------------------------\n"+
		" fruit      | table   | 1200 | id, Name, upper, maker \n"+
		" select     | virtual |      | a, b \n"+
		` bad\x1B[2J | view    |      | no such table: main.gone `+"\n", "", 0, "schema", "A/b")
	if got := s.seen(); got != "GET /v1/A/b/schema [Authorization=Bearer ayb_s_l]" {
		t.Errorf("sent %s", got)
	}
	u.want(" Column | Type    | Constraints           | Default \n"+
		"--------+---------+-----------------------+---------\n"+
		" id     | INTEGER | primary key, not null |  \n"+
		" Name   | TEXT    |                       | '?' \n"+
		" upper  |         | generated, virtual    |  \n"+
		" maker  |         |                       |  \n"+
		"\nIndexes:\n  fruit_name (Name, an expression), unique, partial\n  m (maker)\n"+
		"\nForeign keys:\n  (maker) references makers (id), on delete set null\n  (maker) references x, on update cascade\n", "", 0, "schema", "a/b", "FRUIT")
	u.want("Column,Type,Constraints,Default\na,,primary key 2 of 2,\nb,,primary key 1 of 2,\nrank,,hidden,\n", "", 0, "schema", "a/b", "select", "--format", "csv")
	u.want("No columns in bad\\x1B[2J\n\nError: no such table: main.gone\n", "", 0, "schema", "a/b", "bad\x1b[2J")
	u.want("", "Error: There is no table or view nope in a/b\n", 1, "schema", "a/b", "nope")
	if out, _, code := u.run("schema", "a/b", "--format", "json"); code != 0 || !strings.HasPrefix(out, `{"tables":[{"name":"fruit","type":"table",`) {
		t.Errorf("json: %d, %s", code, out)
	}
	if out, _, code := u.run("schema", "a/b", "fruit", "--format", "json"); code != 0 || !strings.HasPrefix(out, `{"name":"fruit","type":"table",`) {
		t.Errorf("json of a table: %d, %s", code, out)
	}
	s.set(ok(200, daemonapi.Schema{}))
	u.want("No tables in A/b\n", "", 0, "schema", "A/b")
}

func TestQueries(t *testing.T) {
	list := daemonapi.Running{Queries: []daemonapi.RunningQuery{
		{ID: "0f", Caller: "alice", State: "running", Started: time.Now().Add(-25*time.Hour - 30*time.Minute), SQL: "SELECT\n " + strings.Repeat("ä", 60)},
		{ID: "1f", Caller: "bob", State: "waiting", Started: time.Now().Add(time.Hour), SQL: "SELECT 1"},
	}}
	s := newServer(t, ok(200, list))
	u := atServer(t, s)
	u.want(" ID | Entity | State   | For     | SQL \n----+--------+---------+---------+--------------------------------------------------------------\n"+
		" 0f | alice  | running | 1 d 1 h | SELECT "+strings.Repeat("ä", 52)+"… \n 1f | bob    | waiting | 0 s     | SELECT 1 \n", "", 0, "queries", "A/b")
	out, _, code := u.run("queries", "A/b", "--format", "json")
	if !regexp.MustCompile(`^\[{"id":"0f","entity":"alice","mode":"","state":"running","started_at":"[^"]+","sql":"SELECT\\n ä+"},`).MatchString(out) || code != 0 {
		t.Errorf("%d, %s", code, out)
	}
	s.set(ok(200, `{"queries":[]}`))
	u.want("No queries run on A/b\n", "", 0, "queries", "A/b")
	u.want("[]\n", "", 0, "queries", "A/b", "--format", "json")
	if got := s.seen(); !strings.HasPrefix(got, "GET /v1/A/b/queries [Authorization=Bearer ayb_s_l]") {
		t.Errorf("sent %s", got)
	}
	s.set(ok(200, "{}"))
	u.want("Successfully canceled query x/y on A/b\n", "", 0, "cancel_query", "A/b", "x/y")
	if got := s.seen(); got != "DELETE /v1/A/b/queries/x%2Fy [Authorization=Bearer ayb_s_l]" {
		t.Errorf("sent %s", got)
	}
	s.set(ok(404, `{"type":"RecordNotFound","id":"x","record_type":"query"}`))
	u.want("", "Error: There is no running query x\n", 1, "cancel_query", "a/b", "x")
}

func TestUsage(t *testing.T) {
	use := httpapi.Usage{DatabaseBytes: 5 << 20, WALBytes: 4096, Running: 2, Limits: map[string]httpapi.Limit{
		"database_bytes": {Value: 1 << 30, Source: "database"}, "statement_timeout": {Value: 120_000, Source: "account"},
		"result_bytes": {Value: 0, Source: "server"}, "queries_per_database": {Value: 8, Source: "server"},
		"databases_per_account": {Value: 10, Source: "server"},
	}, Account: httpapi.AccountUsage{Databases: 3, Limits: map[string]httpapi.Limit{"databases_per_account": {Value: 10, Source: "server"}}}}
	s := newServer(t, ok(200, use))
	u := atServer(t, s)
	u.want(" Limit                 | Used                  | Most      | Source \n"+
		"-----------------------+-----------------------+-----------+----------\n"+
		" database_bytes        | 5.0 MiB + 4.0 KiB log | 1.0 GiB   | database \n"+
		" databases_per_account | 3                     | 10        | server \n"+
		" queries_per_database  | 2                     | 8         | server \n"+
		" result_bytes          |                       | unlimited | server \n"+
		" statement_timeout     |                       | 2 min     | account \n", "", 0, "usage", "A/b")
	if got := s.seen(); got != "GET /v1/A/b/usage [Authorization=Bearer ayb_s_l]" {
		t.Errorf("sent %s", got)
	}
	if out, _, code := u.run("usage", "a/b", "--format", "json"); code != 0 || !strings.HasPrefix(out, `{"database_bytes":5242880,`) {
		t.Errorf("%d, %s", code, out)
	}
}
