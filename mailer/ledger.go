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

// ledger records which backend has delivered or finally refused which mail, until
// the mail expires. A delivery is on disk when record returns. Refusals are in
// memory only, because a backend would refuse the mail again. The ledger is safe
// for concurrent use.
type ledger struct {
	now func() time.Time

	mu      sync.Mutex
	dir     string // empty for a ledger in memory
	lock    *os.File
	file    *os.File
	lines   int
	jobs    map[string]*jobRecord
	sweepAt int // how many jobs are worth a look for old ones
}

// jobRecord is the record of one mail. A nil outcome is a delivery.
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
	// staleLines is the number of outdated lines that cause a rewrite of the
	// file.
	staleLines = 1024
)

// openLedger creates dir, locks it and reads the ledger in it. With an empty dir
// the ledger is in memory only. The error is a sentence for the operator.
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
		err = errors.New("another mailer uses it; give each mailer its own data_path")
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

// load reads the file. It skips lines that a crash has cut off.
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

// jobRecord returns the record of a job and creates a missing one.
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

// claim returns the outcomes of a job so far and reserves it until release. ok is
// false while another worker has the job.
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

// release ends the reservation of claim. It drops a job without outcomes.
func (l *ledger) release(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if j := l.jobs[id]; len(j.outcome) > 0 {
		j.busy = false
	} else {
		delete(l.jobs, id)
	}
}

// record stores an outcome of a claimed job. An error means that the outcome is in
// memory but not on disk.
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
		return nil // rewrite has written the new outcome too; if it failed, append to the old file
	}
	// The empty line separates the entry from a line that a full disk has cut off.
	if _, err := fmt.Fprintf(l.file, "\n%s\n", line); err != nil {
		return err
	}
	l.lines++
	return l.file.Sync()
}

// dropExpired drops expired jobs, when the number of jobs has doubled since the
// last time.
func (l *ledger) dropExpired() {
	if len(l.jobs) < l.sweepAt {
		return
	}
	now := l.now()
	maps.DeleteFunc(l.jobs, func(_ string, j *jobRecord) bool { return !j.busy && now.After(j.until) })
	l.sweepAt = 2*len(l.jobs) + staleLines
}

// rewrite writes a new file with the current outcomes, and replaces the old file.
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

// syncDir makes a rename durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// close closes the file and unlocks the directory.
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
