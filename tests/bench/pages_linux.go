package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/web/table"
)

// pages compares the page of a table, made by the server, with the query that the page
// runs, sent over the API.
func (b *bench) pages(ctx context.Context) error {
	both, err := b.startBoth(ctx, "point")
	if err != nil {
		return err
	}
	ayb := both[1]
	query, err := tableQuery()
	if err != nil {
		return err
	}
	page := tablePage(ayb.paths[0])
	for _, n := range b.conns {
		sides, err := b.compare(ctx, query, contender{s: ayb, conns: n}, contender{s: ayb, conns: n, work: &page})
		if err != nil {
			return err
		}
		b.found.add(sides, sides.rates(fmt.Sprintf("pages of a table; the floor is its query over the API, %d connections", n), 1).atLeast(0.4))
	}
	return nil
}

// tableQuery is the query of the first page of a table.
func tableQuery() (work, error) {
	rows := int64(pointRows)
	t := table.New(daemonapi.Table{Name: "point", Type: "table", Rows: &rows, PrimaryKey: []string{"id"}, Columns: []daemonapi.Column{
		{Name: "id", Type: "INTEGER"}, {Name: "name", Type: "TEXT"}, {Name: "price", Type: "REAL"}}})
	request, err := t.Request(table.View{})
	if err != nil {
		return work{}, err
	}
	text, err := json.Marshal(request)
	return work{
		name: "pages", top: 1, head: "Content-Type: application/json\r\n",
		body:  func(b []byte, _ int) []byte { return append(b, text...) },
		check: contains(`"item 100"`),
	}, err
}

// tablePage is the page with the same rows.
func tablePage(queryPath string) work {
	base := strings.TrimSuffix(strings.TrimPrefix(queryPath, "/v1"), "/query")
	return work{
		name: "pages", top: 1, page: base + "/data?table=point",
		body:  func(b []byte, _ int) []byte { return b },
		check: contains("<td>item 100</td>"),
	}
}

// contains returns a check that an answer contains a text.
func contains(text string) func([]byte) error {
	return func(body []byte) error {
		if !bytes.Contains(body, []byte(text)) {
			return fmt.Errorf("the answer does not contain %s: %.200s", text, body)
		}
		return nil
	}
}
