package tests

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/ayb-go/ayb/tests/harness"
)

const (
	corpusLeast     = 300 // statements
	corpusLeastSame = 250 // of them compared with the shell
)

// The answers of the API are those of SQLite. Each statement of tests/corpus
// runs through HTTP and in the sqlite3 shell, and all names, values, numbers and
// messages are compared, then both databases. The same statements as an atomic
// batch, and as a batch of separate transactions, lead to the same state, and
// the shell can read the server's file.
func TestCorpus(t *testing.T) {
	topics := corpusTopics(t)
	if harness.Race() {
		delete(topics, "large") // it is long, and has nothing that races more
	}
	srv := harness.Start(t, harness.AllInOne, harness.WithConfig("[querynode]\nmax_daemons = 12"))
	alice := srv.Register("alice")
	counts := make(chan [2]int, len(topics))
	t.Run("topics", func(t *testing.T) {
		for topic, entries := range topics {
			t.Run(topic, func(t *testing.T) {
				t.Parallel()
				r := newCorpusRun(t, srv, alice, topic, entries)
				r.oneByOne()
				r.atomicBatch()
				r.eachByItself()
				r.sameState()
				counts <- [2]int{len(entries), r.compared}
			})
		}
	})
	close(counts)
	all, compared, whole := 0, 0, len(counts) == len(topics)
	for n := range counts {
		all, compared = all+n[0], compared+n[1]
	}
	t.Logf("%d statements, %d compared with the shell", all, compared)
	if whole && (all < corpusLeast || compared < corpusLeastSame) {
		t.Errorf("there are too few")
	}
}

// corpusRun runs one file of the corpus.
type corpusRun struct {
	t                         *testing.T
	entries                   []corpusEntry
	shell                     *sqliteShell
	typed, text, atomic, each corpusDB
	outcomes                  []corpusOutcome // of typed
	compared                  int             // with the shell
}

func newCorpusRun(t *testing.T, srv *harness.Server, user *harness.User, topic string, entries []corpusEntry) *corpusRun {
	t.Helper()
	r := &corpusRun{t: t, entries: entries, shell: newSQLiteShell(t)}
	for name, db := range map[string]*corpusDB{"typed": &r.typed, "text": &r.text, "atomic": &r.atomic, "each": &r.each} {
		*db = corpusDB{t, srv, user, topic + "_" + name + ".sqlite"}
		user.Create(db.name)
	}
	return r
}

// statement returns an entry as a member of a batch, or as a request.
func (e corpusEntry) statement() map[string]any {
	s := map[string]any{"sql": e.sql}
	if e.params != nil {
		s["params"] = e.params
	}
	return s
}

// oneByOne runs each entry as a request in both forms, and in the shell.
func (r *corpusRun) oneByOne() {
	for _, e := range r.entries {
		got := r.typed.typed(e.statement())
		r.outcomes = append(r.outcomes, got)
		r.written(e, got)
		shell := r.shell.run(e)
		if !e.differs && (e.since == "" || !olderVersion(r.shell.version, e.since)) {
			r.compared++
			if what := differsFromShell(e, got, shell); what != "" {
				r.t.Errorf("%s: %s: %s", e.name, shortSQL(e.sql), what)
			}
		} else if differsFromShell(e, got, shell) == "" {
			r.t.Logf("%s: %s: is as in the shell, and need not be an exception", e.name, shortSQL(e.sql))
		}
		if e.params == nil {
			r.compatible(e, got)
		} else if again := r.text.typed(e.statement()); !reflect.DeepEqual(again, got) {
			r.t.Errorf("%s: %s: once %+v, then %+v", e.name, shortSQL(e.sql), got, again)
		}
	}
}

// written compares an outcome with the expectation in the file.
func (r *corpusRun) written(e corpusEntry, got corpusOutcome) {
	r.t.Helper()
	failure := got.failure
	switch {
	case e.message == "" && !e.wanted() && failure == nil:
		hidden := slices.ContainsFunc(got.results, func(s corpusResult) bool {
			return slices.ContainsFunc(s.rows, func(row []corpusCell) bool {
				return slices.ContainsFunc(row, func(c corpusCell) bool { return c != c.asShown() })
			})
		})
		if hidden {
			r.t.Errorf("%s: has a value that the shell cannot show, and nothing is written of it", e.name)
		}
	case e.message != "" && (failure == nil || failure.message != e.message):
		r.t.Errorf("%s: %s: got %+v, %+v; want the error %q", e.name, shortSQL(e.sql), got.results, failure, e.message)
	case e.code != 0 && (failure == nil || failure.code != e.code):
		r.t.Errorf("%s: %s: got %+v, want code %d", e.name, shortSQL(e.sql), failure, e.code)
	case e.rows != nil:
		want, err := typedRows(e.rows)
		if err != nil {
			r.t.Fatal(err)
		}
		if last := lastWithColumns(got.results); failure != nil || !slices.EqualFunc(last.rows, want, slices.Equal) {
			r.t.Errorf("%s: %s: got %.300q, %+v; want %.300q", e.name, shortSQL(e.sql), last.rows, failure, want)
		}
	}
}

func lastWithColumns(results []corpusResult) corpusResult {
	for _, r := range slices.Backward(results) {
		if len(r.columns) > 0 {
			return r
		}
	}
	return corpusResult{}
}

// compatible runs an entry as text and compares it with its typed outcome.
func (r *corpusRun) compatible(e corpusEntry, typed corpusOutcome) {
	r.t.Helper()
	text, failure := r.text.compatible(e.sql)
	if (failure == nil) != (typed.failure == nil) || failure != nil && (failure.message != typed.failure.message || failure.code != typed.failure.code) {
		r.t.Errorf("%s: %s: as text %+v, typed %+v", e.name, shortSQL(e.sql), failure, typed.failure)
		return
	}
	if failure != nil {
		return
	}
	if want := compatibleForm(r.t, e.text, typed.results); text != want {
		r.t.Errorf("%s: %s: as text\n got %.300s\nwant %.300s", e.name, shortSQL(e.sql), text, want)
	}
}

// atomicBatch runs all successful entries as one batch. Entries that cannot be
// in a batch run alone, between two batches.
func (r *corpusRun) atomicBatch() {
	var batch []any
	var at []int
	flush := func() {
		if len(at) == 0 {
			return
		}
		o := r.atomic.typed(map[string]any{"statements": batch, "atomic": true})
		if o.failure != nil || len(o.results) != len(at) {
			r.t.Fatalf("%s: a batch gives %d results for %d, %+v", r.entries[at[0]].name, len(o.results), len(at), o.failure)
		}
		for i, result := range o.results {
			r.same(at[i], result)
		}
		batch, at = nil, nil
	}
	for i, e := range r.entries {
		if r.outcomes[i].failure != nil && !e.alone {
			continue
		}
		if e.script || e.alone {
			flush()
			r.again(r.atomic, i)
			continue
		}
		batch, at = append(batch, e.statement()), append(at, i)
	}
	flush()
}

// eachByItself runs all entries, also those with errors, in batches of separate
// transactions, and reads the answer line by line.
func (r *corpusRun) eachByItself() {
	var batch []any
	var at []int
	flush := func() {
		if len(at) == 0 {
			return
		}
		o := r.each.lines(map[string]any{"statements": batch, "atomic": false})
		if o.failure != nil || len(o.results) != len(at) {
			r.t.Fatalf("%s: a batch gives %d results for %d, %+v", r.entries[at[0]].name, len(o.results), len(at), o.failure)
		}
		for i, result := range o.results {
			r.same(at[i], result)
		}
		batch, at = nil, nil
	}
	for i, e := range r.entries {
		if e.script || e.alone {
			flush()
			r.again(r.each, i)
			continue
		}
		batch, at = append(batch, e.statement()), append(at, i)
	}
	flush()
}

// again runs an entry alone on another database.
func (r *corpusRun) again(db corpusDB, i int) {
	r.t.Helper()
	if o := db.typed(r.entries[i].statement()); !reflect.DeepEqual(o, r.outcomes[i]) {
		r.t.Errorf("%s: on %s %+v, at first %+v", r.entries[i].name, db.name, o, r.outcomes[i])
	}
}

// same compares the result of a statement in a batch with the result of the same
// statement as a request.
func (r *corpusRun) same(i int, got corpusResult) {
	r.t.Helper()
	want := corpusResult{failure: r.outcomes[i].failure}
	if want.failure == nil {
		want = r.outcomes[i].results[0]
	}
	if got.failure != nil && want.failure != nil {
		got.failure.statement = want.failure.statement // which it is, its place says
	}
	if !reflect.DeepEqual(got, want) {
		r.t.Errorf("%s: %s: in a batch\n got %.500s %+v\nwant %.500s %+v", r.entries[i].name, shortSQL(r.entries[i].sql), fmt.Sprint(got), got.failure, fmt.Sprint(want), want.failure)
	}
}
