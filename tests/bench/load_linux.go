package main

import (
	"context"
	"fmt"
)

// The contents of the tables. The expected answers of works are made from these.
const (
	pointRows       = 10_000
	streamRows      = 1_000_000
	spreadDatabases = 64
)

// load creates a table in the main database, or the databases of the work spread
// with a table each.
func (s *server) load(ctx context.Context, table string) error {
	if table != "spread" {
		return s.fill(ctx, s.paths[0], table)
	}
	for i := range spreadDatabases {
		if err := s.another(ctx, fmt.Sprintf("spread%d.sqlite", i)); err != nil {
			return err
		}
		if err := s.fill(ctx, s.paths[len(s.paths)-1], "point"); err != nil {
			return err
		}
	}
	return nil
}

// another adds a database; the floor creates one for every path.
func (s *server) another(ctx context.Context, name string) error {
	if s.token != "" {
		return s.create(ctx, name)
	}
	s.paths = append(s.paths, "/"+name)
	return nil
}

func (s *server) fill(ctx context.Context, path, table string) error {
	for _, sql := range tableOf(table) {
		if _, err := s.ask(ctx, path, sql); err != nil {
			return err
		}
	}
	return nil
}

// tableOf returns the SQL that creates a table.
func tableOf(name string) []string {
	if name == "log" {
		return []string{"CREATE TABLE log(id INTEGER PRIMARY KEY, k INTEGER, v TEXT)"}
	}
	rows := pointRows
	if name == "big" {
		rows = streamRows
	}
	return []string{
		fmt.Sprintf("CREATE TABLE %s(id INTEGER PRIMARY KEY, name TEXT, price REAL)", name),
		fmt.Sprintf("INSERT INTO %s WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x < %d) SELECT x, 'item ' || x, x + 0.5 FROM c", name, rows),
	}
}
