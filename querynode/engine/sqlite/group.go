//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"errors"
	"strconv"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// Single statements that wait for the writer at the same moment share one
// transaction, and so one sync of the disk. All answers follow the commit, and
// the results are the same as without groups: a statement runs in a group only
// if it has the same effect as alone. If something else happens (a rollback of
// the entire transaction, an unresolved deferred key, a stop), the group is
// rolled back and its members run again, without the one that caused it. That
// one runs alone when its turn comes.
const (
	// groupMembers is how many statements at most share a commit.
	groupMembers = 128
	// groupTime is how long a group may compute before it commits.
	groupTime = 20 * time.Millisecond
	// memberTime is how long one statement may compute in a group. A longer one
	// runs alone, so that the others do not wait for it.
	memberTime = 5 * time.Millisecond
)

// verdict is the outcome of a member's statement in a group.
type verdict int

const (
	ranInGroup   verdict = iota // it ran, or failed as it would have failed alone
	mustRunAlone                // it has to run alone and has not begun
	groupLost                   // the transaction is no longer valid
)

// queueForWriter runs the body on the writer.
func (r *execution) queueForWriter() error {
	m := &member{r: r, turn: make(chan bool, 1), solo: !r.undoesItself()}
	lead, err := r.db.queue.join(m, r.job.Timeout)
	if err != nil {
		return err
	}
	if lead {
		r.db.lead(m)
	}
	return m.err
}

// lead serves a member and those behind it that can share a commit. Other
// members go back to the queue first: they must not wait for a long statement,
// and can be stopped while they wait.
func (db *DB) lead(first *member) {
	for {
		members := db.queue.gather(first)
		n := db.groupCommit(members)
		if n == 0 { // runs alone next time
			db.queue.putBack(members[1:])
			continue
		}
		if db.queue.order != nil {
			db.queue.order(members[:n])
		}
		for _, m := range members[1:n] {
			m.turn <- false
		}
		db.queue.putBack(members[n:])
		db.queue.endTurn()
		return
	}
}

// groupCommit runs some of the members, from the first on, and returns how many
// are finished. If none is, nothing happened, and one member more runs alone
// next time.
func (db *DB) groupCommit(members []*member) int {
	if len(members) == 1 {
		members[0].runAlone()
		return 1
	}
	i, v, ended, err := db.runGroup(members)
	switch {
	case err != nil: // it never began
		members[0].solo = true
		return 0
	case !ended: // each member finds the reason by itself
		for _, m := range members[:max(i, 1)] {
			m.retry(true)
		}
		return 0
	case v == groupLost:
		for _, m := range members[:i] {
			m.retry(false)
		}
		members[i].retry(true)
		return 0
	case v == mustRunAlone:
		members[i].solo = true
	}
	return i
}

// runGroup runs members in one transaction until one of them cannot continue.
// It returns how many are finished, the verdict on the next, and whether the
// transaction ended as intended: committed, or rolled back because it was lost.
func (db *DB) runGroup(members []*member) (i int, v verdict, ended bool, err error) {
	lead := members[0].r.job
	s, err := db.writer.acquire(lead, lead.Timeout)
	if err != nil {
		return 0, mustRunAlone, false, err
	}
	defer db.writer.release(s)
	if err := db.openWriter(s); err != nil {
		return 0, mustRunAlone, false, err
	}
	if rc := s.c.exec("BEGIN IMMEDIATE"); rc != C.SQLITE_OK {
		return 0, mustRunAlone, false, s.c.failure(rc, db.o, lead, 0)
	}
	i, v = db.runMembers(members, s)
	ended = v == groupLost || s.c.exec("COMMIT") == C.SQLITE_OK
	if !s.c.autocommit() && s.c.exec("ROLLBACK") != C.SQLITE_OK {
		s.c.broken = true
	}
	if v == groupLost || !ended {
		C.ayb_trim(s.c.c)
	}
	if s.c.spoiled() {
		s.closeConn()
	}
	return i, v, ended, nil
}

// runMembers runs members in the open transaction until one of them cannot
// continue or the time is up. It returns how many are finished and the verdict
// on the next.
func (db *DB) runMembers(members []*member, s *slot) (int, verdict) {
	begin := db.now()
	for i, m := range members {
		v := m.runInGroup(s)
		if v != ranInGroup {
			return i, v
		}
		if db.now()-begin > int64(groupTime) {
			return i + 1, ranInGroup
		}
	}
	return len(members), ranInGroup
}

// retry resets a member for another attempt.
func (m *member) retry(solo bool) {
	m.r.reset()
	m.err = nil
	m.solo = m.solo || solo
}

// runAlone runs a member by itself, without delivering its answer.
func (m *member) runAlone() { m.err = m.r.withConnection(m.r.db.writer, m.r.runInTransaction) }

// runInGroup runs a member in the transaction of its group, on the leader's
// connection.
func (m *member) runInGroup(s *slot) verdict {
	r := m.r
	r.useSlot(r.db.writer, s)
	defer func() { r.slot, r.c = nil, nil }()
	if err := r.attach(); err != nil {
		r.detach()
		m.err = err
		return ranInGroup
	}
	defer r.detach()
	st, v, err := r.groupStatement()
	if v != ranInGroup || err != nil {
		m.err = err
		return v
	}
	defer st.done()
	r.out.Next = r.retain
	r.limit = memberTime
	err = r.runStatement(st, 0, true)
	r.limit = 0
	if r.c.autocommit() || r.c.unresolved() || err != nil && !undoesOnlyStatement(err) {
		return groupLost
	}
	m.err = err
	return ranInGroup
}

// undoesItself reports whether SQLite itself undoes the body when it fails: it is a
// single statement, and nothing else makes it fail.
func (r *execution) undoesItself() bool { return len(r.body) == 1 && r.body[0].Expect == nil }

// groupStatement compiles a member's body and returns whether it can be part of
// a group: it must be a single statement whose only effect is stored data.
func (r *execution) groupStatement() (*stmt, verdict, error) {
	if !r.undoesItself() {
		return nil, mustRunAlone, nil
	}
	r.setEntry(0)
	sql := r.body[0].SQL
	if st, ok := r.c.cache.get(sql); ok {
		return st, ranInGroup, nil
	}
	if isPragma(sql) { // takes effect while it is compiled
		return nil, mustRunAlone, nil
	}
	t := newText(sql)
	st, end, rc := r.c.prepare(t, 0, C.AYB_ATOMIC, true)
	if rc != C.SQLITE_OK {
		err := r.failure(rc, 0)
		if errors.Is(err, errHere) || !undoesOnlyStatement(err) {
			return nil, mustRunAlone, nil
		}
		return nil, ranInGroup, err
	}
	if st == nil {
		return nil, mustRunAlone, nil
	}
	if !blank(t.from(end)) || st.vacuum || st.into || st.txn || st.sets || st.explain || r.c.spoiled() {
		st.finalize()
		return nil, mustRunAlone, nil
	}
	r.c.keep(sql, st)
	return st, ranInGroup, nil
}

// undoesOnlyStatement reports whether SQLite undoes only the statement for an
// error: the statement or its data is invalid.
func undoesOnlyStatement(err error) bool {
	e, ok := errors.AsType[*errs.Error](err)
	switch {
	case !ok:
		return false
	case e.Code == errs.Invalid: // invalid parameter values
		return true
	case e.Code != errs.SQL:
		return false
	}
	code, err := strconv.Atoi(e.Attrs["sqlite_code"])
	if err != nil {
		return e.Attrs["sqlite_code"] == "" // rejected before it ran
	}
	switch code & 0xff {
	case C.SQLITE_ERROR, C.SQLITE_CONSTRAINT, C.SQLITE_MISMATCH:
		return true
	}
	return false
}

// unresolved reports whether a deferred foreign key prevents the commit.
func (c *conn) unresolved() bool {
	var now, high C.int
	rc := C.sqlite3_db_status(c.c.db, C.SQLITE_DBSTATUS_DEFERRED_FKS, &now, &high, 0)
	return rc != C.SQLITE_OK || now != 0
}
