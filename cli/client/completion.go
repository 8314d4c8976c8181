package client

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ayb-go/ayb/cli/client/format"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// completions are the tables and columns of a database that completion offers.
// They are fetched in the background. Before they arrive, and when the request
// fails, completion offers keywords only. It is safe for concurrent use.
type completions struct {
	fetch     func() (daemonapi.Schema, error)
	refreshes chan struct{}

	mu             sync.Mutex
	tables         []string            // and views, as SQL spells them
	columnsByTable map[string][]string // columns by table, in lower case
	allColumns     []string            // columns, each once
}

// newCompletions starts to fetch the names, and fetches them again after each
// refresh, until the context ends.
func newCompletions(ctx context.Context, fetch func() (daemonapi.Schema, error)) *completions {
	n := &completions{fetch: fetch, refreshes: make(chan struct{}, 1)}
	n.refresh()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-n.refreshes:
				if schema, err := n.fetch(); err == nil {
					n.setSchema(schema)
				}
			}
		}
	}()
	return n
}

// refresh requests the names again, without waiting for them.
func (n *completions) refresh() {
	select {
	case n.refreshes <- struct{}{}:
	default: // a request is waiting already
	}
}

// changesSchema reports whether SQL may change the tables or columns of a
// database.
func changesSchema(sql string) bool {
	return regexp.MustCompile(`(?i)\b(create|drop|alter)\b`).MatchString(sql)
}

func (n *completions) setSchema(schema daemonapi.Schema) {
	spelled := nameQuoter() // made once, because a database may have thousands of names
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tables, n.allColumns, n.columnsByTable = nil, nil, map[string][]string{}
	for _, t := range append(schema.Tables, schema.Views...) {
		var columns []string
		for _, c := range t.Columns {
			if c.Name == printable(c.Name) && !c.Hidden {
				columns = append(columns, spelled(c.Name))
			}
		}
		if t.Name == printable(t.Name) { // other names could control the terminal
			n.tables = append(n.tables, spelled(t.Name))
			n.columnsByTable[strings.ToLower(t.Name)] = columns
		}
		n.allColumns = append(n.allColumns, columns...)
	}
	slices.Sort(n.allColumns)
	n.allColumns = slices.Compact(n.allColumns)
}

// nameQuoter returns a function that quotes a name if SQL requires it.
func nameQuoter() func(string) string {
	bare, words := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`), keywords()
	return func(name string) string {
		if bare.MatchString(name) && !slices.Contains(words, strings.ToUpper(name)) {
			return name
		}
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
}

// candidates returns the completions of the last word of a text.
func (n *completions) candidates(text string) []string {
	word := text[strings.LastIndexAny(text, " \t\n(,;=<>")+1:]
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, ".") {
		return n.forDotCommand(strings.Fields(trimmed)[0], word)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if table, _, dotted := strings.Cut(word, "."); dotted {
		return matching(word, addPrefix(table+".", n.columnsOf(table)))
	}
	out := append(matching(word, n.tables), matching(word, n.allColumns)...)
	return append(out, matching(word, keywords())...)
}

// columnsOf returns the columns of a table. For a name that is not a table, such
// as an alias, it returns all columns.
func (n *completions) columnsOf(table string) []string {
	if of, ok := n.columnsByTable[strings.ToLower(strings.Trim(table, `"`))]; ok {
		return of
	}
	return n.allColumns
}

func addPrefix(prefix string, words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = prefix + w
	}
	return out
}

// forDotCommand returns the completions of a word in a line that begins with a
// dot.
func (n *completions) forDotCommand(command, word string) []string {
	switch command {
	case word:
		return matching(word, dotCommands())
	case ".mode", ".format":
		return matching(word, format.SessionKinds())
	case ".timer", ".bail", ".headers":
		return matching(word, []string{"on", "off"})
	case ".param":
		return matching(word, []string{"set", "unset", "list", "clear"})
	case ".tables", ".schema", ".indexes", ".dump":
		n.mu.Lock()
		defer n.mu.Unlock()
		return matching(word, n.tables)
	}
	return nil
}

// matching returns the words that begin with a word, ignoring case. Keywords
// follow the case that the user types.
func matching(word string, words []string) []string {
	var out []string
	for _, w := range words {
		if len(w) >= len(word) && strings.EqualFold(w[:len(word)], word) {
			if w == strings.ToUpper(w) && word == strings.ToLower(word) && word != "" {
				w = strings.ToLower(w)
			}
			out = append(out, w)
		}
	}
	return out
}

// keywords returns the keywords that begin a statement or a clause.
func keywords() []string {
	return strings.Fields(`ALTER ANALYZE AND AS ASC BEGIN BETWEEN BY CASE COMMIT CREATE DEFAULT DELETE DESC DISTINCT
		DROP ELSE END EXISTS EXPLAIN FROM GROUP HAVING IN INDEX INSERT INTO IS JOIN KEY LEFT LIKE LIMIT NOT NULL
		OFFSET ON OR ORDER PRAGMA PRIMARY REFERENCES RETURNING ROLLBACK SELECT SET TABLE TEXT THEN TRIGGER UNION
		UNIQUE UPDATE VACUUM VALUES VIEW WHEN WHERE WITH`)
}
