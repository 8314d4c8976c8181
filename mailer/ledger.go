package mailer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ayb-go/ayb/shared/filelock"
)

// ledger remembers which backend has settled which mail, until the mail would
// be dropped anyway. Deliveries are in a file as soon as settle returns;
// refusals are kept in memory, a backend will repeat them.
type ledger struct {
	now func() time.Time

	mu      sync.Mutex
	dir     string // empty: memory only
	lock    *os.File
	file    *os.File
	lines   int
	jobs    map[string]*jobRecord
	sweepAt int // how many jobs are worth a look for old ones
}

// jobRecord is what is known of one mail. A nil outcome is a delivery.
type jobRecord struct {
	busy    bool
	until   time.Time
	outcome map[string]error
}

// entry is a line of the file.
type entry struct {
	Job     string    `json:"job"`
	Backend string    `json:"backend"`
	Until   time.Time `json:"until"`
}

const (
	ledgerFile = "delivered.jsonl"
	lockFile   = "lock"
	// staleLines is how many lines may be old before the file is written anew.
	staleLines = 1024
)

// openLedger reads what is remembered. dir is made; without one the ledger
// lives in memory. The error says in a sentence what is wrong.
func openLedger(dir string, now func() time.Time) (*ledger, error) {
	l := &ledger{now: now, dir: dir, jobs: map[string]*jobRecord{}, sweepAt: staleLines}
	if dir == "" {
		return l, nil
	}
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		l.lock, err = filelock.Acquire(filepath.Join(dir, lockFile))
	}
	if errors.Is(err, filelock.ErrHeld) {
		err = errors.New("another mailer uses it; give each a data_path of its own")
	}
	if err == nil {
		err = l.load()
	}
	if err == nil {
		err = l.rewrite()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the mailer's directory %s cannot be used: %w", dir, err), l.close())
	}
	return l, nil
}

// load reads the file. A line that a crash has cut short is no memory.
func (l *ledger) load() error {
	text, err := os.ReadFile(filepath.Join(l.dir, ledgerFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for line := range bytes.Lines(text) {
		var e entry
		if json.Unmarshal(line, &e) == nil && l.now().Before(e.Until) {
			l.setOutcome(e.Job, e.Backend, nil, e.Until)
		}
	}
	return nil
}

// jobRecord gives the record of a job, which it makes if there is none.
func (l *ledger) jobRecord(id string) *jobRecord {
	j := l.jobs[id]
	if j == nil {
		j = &jobRecord{outcome: map[string]error{}}
		l.jobs[id] = j
	}
	return j
}

func (l *ledger) setOutcome(id, backend string, outcome error, until time.Time) {
	j := l.jobRecord(id)
	j.outcome[backend], j.until = outcome, until
}

// claim gives the outcomes so far and keeps others away until end. ok is
// false while somebody else works on the same job.
func (l *ledger) claim(id string) (past map[string]error, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := l.jobRecord(id)
	if j.busy {
		return nil, false
	}
	j.busy = true
	return maps.Clone(j.outcome), true
}

// release ends begin. A job of which nothing is known is forgotten.
func (l *ledger) release(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := l.jobs[id]; len(j.outcome) > 0 {
		j.busy = false
	} else {
		delete(l.jobs, id)
	}
}

// record remembers an outcome between begin and end. An error means that a
// restart would forget it.
func (l *ledger) record(id, backend string, outcome error, until time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setOutcome(id, backend, outcome, until)
	l.dropExpired()
	if l.file == nil || outcome != nil {
		return nil
	}
	line, err := json.Marshal(entry{id, backend, until})
	if err != nil {
		return fmt.Errorf("encode a delivery: %w", err)
	}
	if l.lines > 2*len(l.jobs)+staleLines && l.rewrite() == nil {
		return nil // the new outcome is part of it; else the old file goes on
	}
	// The empty line keeps one that a full disk has cut short apart.
	if _, err := fmt.Fprintf(l.file, "\n%s\n", line); err != nil {
		return err
	}
	l.lines++
	return l.file.Sync()
}

// dropExpired drops what is over, when there is enough of it to look.
func (l *ledger) dropExpired() {
	if len(l.jobs) < l.sweepAt {
		return
	}
	now := l.now()
	maps.DeleteFunc(l.jobs, func(_ string, j *jobRecord) bool { return !j.busy && now.After(j.until) })
	l.sweepAt = 2*len(l.jobs) + staleLines
}

// rewrite writes the file anew with what still counts, and appends from there.
func (l *ledger) rewrite() error {
	name := filepath.Join(l.dir, ledgerFile)
	file, err := os.OpenFile(name+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	out, lines := bufio.NewWriter(file), 0
	enc := json.NewEncoder(out)
	for id, j := range l.jobs {
		for backend, outcome := range j.outcome {
			if outcome == nil {
				err = errors.Join(err, enc.Encode(entry{id, backend, j.until}))
				lines++
			}
		}
	}
	if err = errors.Join(err, out.Flush(), file.Sync()); err == nil {
		err = os.Rename(name+".new", name)
	}
	if err == nil {
		err = syncDir(l.dir)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	old := l.file
	l.file, l.lines = file, lines
	if old != nil {
		return old.Close()
	}
	return nil
}

// syncDir makes a rename survive a power cut, where directories can be synced.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// close ends the use of the directory.
func (l *ledger) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	for _, f := range []*os.File{l.file, l.lock} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	l.file, l.lock = nil, nil
	return err
}
