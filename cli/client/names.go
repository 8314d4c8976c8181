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

// names are the words of a database that completion offers. They are fetched
// in the background; until they are there, and when they cannot be had, there
// are none, and the session goes on. It is safe for concurrent use.
type names struct {
	fetch func() (daemonapi.Schema, error)
	again chan struct{}

	mu     sync.Mutex
	tables []string            // and views, as SQL spells them
	of     map[string][]string // columns by table, in lower case
	all    []string            // columns, each once
}

// newNames begins to fetch the names, and fetches them again at each refresh,
// until the context ends.
func newNames(ctx context.Context, fetch func() (daemonapi.Schema, error)) *names {
	n := &names{fetch: fetch, again: make(chan struct{}, 1)}
	n.refresh()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-n.again:
				if schema, err := n.fetch(); err == nil {
					n.set(schema)
				}
			}
		}
	}()
	return n
}

// refresh asks for the names anew, without waiting for them.
func (n *names) refresh() {
	select {
	case n.again <- struct{}{}:
	default: // it is asked for already
	}
}

// changesSchema tells whether SQL may change the names of a database.
func changesSchema(sql string) bool {
	return regexp.MustCompile(`(?i)\b(create|drop|alter)\b`).MatchString(sql)
}

func (n *names) set(schema daemonapi.Schema) {
	spelled := speller() // once for all names: a database may have many thousands
	n.mu.Lock()
	defer n.mu.Unlock()
	n.tables, n.all, n.of = nil, nil, map[string][]string{}
	for _, t := range append(schema.Tables, schema.Views...) {
		var columns []string
		for _, c := range t.Columns {
			if c.Name == printable(c.Name) && !c.Hidden {
				columns = append(columns, spelled(c.Name))
			}
		}
		if t.Name == printable(t.Name) { // others would act upon the terminal
			n.tables = append(n.tables, spelled(t.Name))
			n.of[strings.ToLower(t.Name)] = columns
		}
		n.all = append(n.all, columns...)
	}
	slices.Sort(n.all)
	n.all = slices.Compact(n.all)
}

// speller makes what spells names as SQL takes them.
func speller() func(string) string {
	bare, words := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`), keywords()
	return func(name string) string {
		if bare.MatchString(name) && !slices.Contains(words, strings.ToUpper(name)) {
			return name
		}
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}
}

// candidates are the completions of the last word of a text.
func (n *names) candidates(text string) []string {
	word := text[strings.LastIndexAny(text, " \t\n(,;=<>")+1:]
	if trimmed := strings.TrimSpace(text); strings.HasPrefix(trimmed, ".") {
		return n.forCommand(strings.Fields(trimmed)[0], word)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if table, _, dotted := strings.Cut(word, "."); dotted {
		return matching(word, prefixedBy(table+".", n.columns(table)))
	}
	out := append(matching(word, n.tables), matching(word, n.all)...)
	return append(out, matching(word, keywords())...)
}

// columns are those of a table, or all for a name that is none: an alias.
func (n *names) columns(table string) []string {
	if of, ok := n.of[strings.ToLower(strings.Trim(table, `"`))]; ok {
		return of
	}
	return n.all
}

func prefixedBy(prefix string, words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = prefix + w
	}
	return out
}

// forCommand completes a line that begins with a dot.
func (n *names) forCommand(command, word string) []string {
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
