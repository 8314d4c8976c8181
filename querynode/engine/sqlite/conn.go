//go:build cgo && (linux || darwin)

package sqlite

/*
#cgo linux LDFLAGS: -Wl,--unresolved-symbols=ignore-in-object-files
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#cgo noescape ayb_fill
#cgo nocallback ayb_fill
#cgo noescape ayb_prepare
#cgo nocallback ayb_prepare
#cgo noescape ayb_drain
#cgo nocallback ayb_drain
#cgo noescape ayb_columns
#cgo nocallback ayb_columns
#cgo noescape ayb_parameters
#cgo nocallback ayb_parameters
#include <stdlib.h>
#include "engine.h"
*/
import "C"

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	_ "github.com/mattn/go-sqlite3" // links SQLite; its Go API is not used

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/encode"
	"github.com/ayb-go/ayb/querynode/engine/sqlite/internal/sqlfunc"
)

const (
	cachedStatements = 64       // per connection
	cachedTextBytes  = 8 << 10  // longest text worth keeping
	cachedStmtBytes  = 32 << 10 // largest statement worth keeping
)

// conn is one SQLite connection. One goroutine uses it at a time; only
// Interrupt may be called by others.
type conn struct {
	c       *C.ayb_conn
	cache   *lru[*stmt]
	standIn bool // an empty database in memory in place of a missing file
	reader  bool
	temp    bool // a reader that may write to TEMP tables
	broken  bool // must not serve another body
	used    bool // has served a body
}

// stmt is a prepared statement and what is known about it.
type stmt struct {
	s         *C.sqlite3_stmt
	columns   int
	reads     bool // may run on a reader
	txn       bool // begins or ends a transaction or savepoint
	sets      bool // changes a setting for the rest of the body
	temp      bool // creates an object that ends with the body
	tempOnly  bool // writes to the temporary database only
	inserts   bool // may insert, and does not read the last insert rowid
	schema    bool // changes the schema or the statistics
	pragma    bool
	checks    bool // compares indexes with their tables
	vacuum    bool
	into      bool // VACUUM INTO
	explain   bool
	bytes     int             // memory in bytes; -1 if it was not made to be cached
	params    int             // number of parameters
	described []encode.Column // columns; nil until requested
	named     []string        // names of the parameters, empty for unnamed ones; nil until requested
	numbers   map[string]int  // parameter numbers by name
	end       int             // end in the text of the body
	uncached  bool            // to be finalized after use
}

// text is the SQL of a body with a NUL at its end for C. len does not count the
// NUL.
type text struct{ b []byte }

func newText(sql string) text {
	b := make([]byte, len(sql)+1)
	copy(b, sql)
	return text{b}
}

func (t text) len() int              { return len(t.b) - 1 }
func (t text) from(i int) string     { return unsafe.String(&t.b[i], t.len()-i) }
func (t text) slice(i, j int) string { return unsafe.String(&t.b[i], j-i) }

func primary(rc C.int) C.int { return rc & 0xff }

// valueLimit is the size limit of a value: the memory limit, if that is smaller
// than SQLite's own.
func valueLimit(o engine.Options) C.int { return C.int(min(o.HeapBytes, maxValueBytes)) }

// sqlLimit is the length limit of a text for SQLite. It is greater than that of
// tenants, because SQLite's own statements, for example of a VACUUM, quote
// theirs.
func sqlLimit(o engine.Options) C.int { return C.int(min(o.SQLBytes+(64<<10), maxValueBytes)) }

// setProcess sets what applies to all connections of the process.
func setProcess(o engine.Options) C.int {
	dir := C.CString(o.TempDir)
	defer C.free(unsafe.Pointer(dir))
	C.ayb_space((*C.int64_t)(o.Space.Seat), (*C.int64_t)(o.Space.Account), (*C.int64_t)(o.Space.Node), C.int64_t(o.Reserve), dir)
	return C.ayb_process(C.int64_t(o.HeapBytes), dir)
}

// openConn opens and hardens a connection. After a failure the returned conn,
// unless nil, is only for its message and for close.
func openConn(o engine.Options, path string, flags C.int) (*conn, C.int) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	c := &conn{cache: newLRU(cachedStatements, (*stmt).finalize)}
	rc := C.ayb_open(&c.c, p, flags, sqlLimit(o), valueLimit(o))
	if c.c == nil {
		return nil, rc
	}
	if rc == C.SQLITE_OK {
		rc = C.int(sqlfunc.Register(unsafe.Pointer(c.c.db)))
	}
	return c, rc
}

func openWriter(o engine.Options) (*conn, error) {
	by := writtenBy(o.Path) // before the engine writes it
	c, rc := openConn(o, o.Path, C.SQLITE_OPEN_READWRITE|C.SQLITE_OPEN_CREATE)
	if rc == C.SQLITE_OK {
		rc = c.exec("PRAGMA journal_mode=WAL")
		if rc == C.SQLITE_OK && c.result() != "wal" {
			rc = C.SQLITE_CANTOPEN
		}
	}
	if rc == C.SQLITE_OK {
		rc = c.setUp(o, "PRAGMA synchronous=FULL; PRAGMA journal_size_limit=16777216;")
	}
	if rc == C.SQLITE_OK {
		rc = c.rebuildOldIndexes(by)
	}
	return c.opened(o, rc)
}

func openReader(o engine.Options) (*conn, error) {
	c, rc := openConn(o, o.Path, C.SQLITE_OPEN_READONLY)
	if rc == C.SQLITE_OK {
		c.reader, c.c.reader = true, 1
		rc = c.setUp(o, "PRAGMA query_only=1; PRAGMA synchronous=FULL;")
	}
	return c.opened(o, rc)
}

// openStandIn opens the empty database that readers get while there is no file,
// so that a read creates none.
func openStandIn(o engine.Options) (*conn, error) {
	c, rc := openConn(o, ":memory:", C.SQLITE_OPEN_READWRITE|C.SQLITE_OPEN_CREATE|C.SQLITE_OPEN_MEMORY)
	if rc == C.SQLITE_OK {
		c.reader, c.c.reader, c.standIn = true, 1, true
		rc = c.exec("PRAGMA query_only=1")
	}
	return c.opened(o, rc)
}

// setUp runs the opening statements and sets the size limit.
func (c *conn) setUp(o engine.Options, sql string) C.int {
	if rc := c.exec(sql); rc != C.SQLITE_OK || o.DatabaseBytes <= 0 {
		return rc
	}
	if rc := c.exec("PRAGMA page_size"); rc != C.SQLITE_OK {
		return rc
	}
	size, err := strconv.ParseInt(c.result(), 10, 64)
	if err != nil || size <= 0 {
		return C.SQLITE_CORRUPT
	}
	pages := max(o.DatabaseBytes/size, 1)
	sql = fmt.Sprintf("PRAGMA main.max_page_count=%d;", pages)
	if !c.reader {
		sql += fmt.Sprintf("PRAGMA temp.max_page_count=%d;", pages)
	}
	return c.exec(sql)
}

func (c *conn) opened(o engine.Options, rc C.int) (*conn, error) {
	if rc == C.SQLITE_OK {
		return c, nil
	}
	err := openFailed(c, o, rc)
	if c != nil {
		c.close()
	}
	return nil, err
}

// exec runs SQL of the engine, without policy and time limit.
func (c *conn) exec(sql string) C.int {
	s := C.CString(sql)
	defer C.free(unsafe.Pointer(s))
	c.c.budget = 0
	atomic.StoreInt32((*int32)(unsafe.Pointer(&c.c.cancel)), 0)
	return C.ayb_exec(c.c, s)
}

// result returns the first cell of the last exec.
func (c *conn) result() string { return C.GoString(&c.c.text[0]) }

// Interrupt stops the running statement. See engine.Job.Attach for why it cannot
// stop a later one.
func (c *conn) Interrupt() {
	atomic.StoreInt32((*int32)(unsafe.Pointer(&c.c.cancel)), 1)
	C.sqlite3_interrupt(c.c.db)
}

func (c *conn) autocommit() bool { return C.sqlite3_get_autocommit(c.c.db) != 0 }

// spoiled reports whether the connection could show a caller's state to another
// one, so that it must be closed.
func (c *conn) spoiled() bool { return c.broken || c.c.tainted != 0 }

func (c *conn) close() {
	c.cache.clear()
	C.ayb_close(c.c)
}

// prepare compiles the statement that starts at from. A nil stmt means that the
// text has no statement before end. The error code is SQLite's.
func (c *conn) prepare(t text, from int, mode C.int, keep bool) (st *stmt, end int, rc C.int) {
	var persist C.int
	if keep {
		persist = 1
	}
	rc = C.ayb_prepare(c.c, (*C.char)(unsafe.Pointer(&t.b[from])), C.int(len(t.b)-from), mode, persist)
	end = from + int(c.c.tail)
	if rc != C.SQLITE_OK || c.c.stmt == nil {
		return nil, end, rc
	}
	sql := t.slice(from, end)
	st = &stmt{
		s: c.c.stmt, columns: int(c.c.columns), explain: c.c.explain != 0,
		txn: c.c.seen&C.AYB_SEEN_TXN != 0, sets: c.c.seen&C.AYB_SEEN_SET != 0,
		schema: c.c.seen&C.AYB_SEEN_SCHEMA != 0, pragma: isPragma(sql), bytes: int(c.c.stmt_bytes), params: int(c.c.params), end: end, uncached: true,
	}
	st.temp = c.c.seen&C.AYB_SEEN_TEMP != 0
	st.checks = c.c.seen&C.AYB_SEEN_CHECK != 0
	st.tempOnly = c.c.seen&(C.AYB_SEEN_TEMP_WRITE|C.AYB_SEEN_MAIN_WRITE) == C.AYB_SEEN_TEMP_WRITE
	st.inserts = c.c.seen&(C.AYB_SEEN_INSERT|C.AYB_SEEN_ROWID) == C.AYB_SEEN_INSERT
	st.reads = c.c.readonly != 0 || st.explain || st.pragma
	if c.c.seen&C.AYB_SEEN_WRITER != 0 {
		st.reads = false
	}
	if !st.reads && st.columns == 0 {
		st.vacuum, st.into = vacuum(sql)
	}
	return st, end, rc
}

// keep caches a statement under the entire text of its body.
func (c *conn) keep(sql string, st *stmt) {
	if len(sql) > cachedTextBytes || st.bytes < 0 || st.bytes > cachedStmtBytes || st.pragma || st.checks || st.vacuum || st.txn || st.explain {
		return
	}
	st.uncached = false
	c.cache.put(strings.Clone(sql), st)
}

// done puts a statement back after use.
func (st *stmt) done() {
	if st.uncached {
		st.finalize()
	}
}

func (st *stmt) finalize() {
	if st.s != nil {
		C.sqlite3_finalize(st.s)
		st.s = nil
	}
}

// describe returns the columns. They are cached unless they are large: a tenant
// must not fill the memory.
func (st *stmt) describe(columns int) []encode.Column {
	if st.described != nil {
		return st.described
	}
	texts := st.texts(func(buf []byte) int {
		return int(C.ayb_columns(st.s, (*C.uchar)(&buf[0]), C.int(len(buf))))
	})
	large := len(texts) > cachedTextBytes
	list := make([]encode.Column, columns)
	for i := range list {
		list[i].Name, _, texts = nextText(texts)
		list[i].Declared, list[i].Typed, texts = nextText(texts)
	}
	if !large {
		st.described = list
	}
	return list
}

// parameter numbers by name
func (st *stmt) parameters() ([]string, map[string]int) {
	if st.named != nil {
		return st.named, st.numbers
	}
	texts := st.texts(func(buf []byte) int {
		return int(C.ayb_parameters(st.s, (*C.uchar)(&buf[0]), C.int(len(buf))))
	})
	large := len(texts) > cachedTextBytes
	list, numbers := make([]string, st.params), make(map[string]int, st.params)
	for i := range list {
		list[i], _, texts = nextText(texts)
		if list[i] != "" {
			numbers[list[i]] = i + 1
		}
	}
	if !large {
		st.named, st.numbers = list, numbers
	}
	return list, numbers
}

// texts calls fill with a buffer of the size that fill asks for.
func (st *stmt) texts(fill func(buf []byte) int) []byte {
	buf := make([]byte, 512)
	need := fill(buf)
	if need > len(buf) {
		buf = make([]byte, need)
		fill(buf)
	}
	return buf[:need]
}

// nextText splits a text off buf; ok is false if it is absent.
func nextText(buf []byte) (s string, ok bool, rest []byte) {
	n := int32(binary.NativeEndian.Uint32(buf))
	if n < 0 {
		return "", false, buf[4:]
	}
	return string(buf[4 : 4+n]), true, buf[4+n:]
}

// cell describes one column of the current row without copying it.
func (c *conn) cell(st *stmt, i int) (encode.Value, C.int) {
	if rc := C.ayb_cell(c.c, st.s, C.int(i)); rc != C.SQLITE_OK {
		return encode.Value{}, rc
	}
	v := encode.Value{Kind: encode.Kind(c.c.cell_tag), Bits: uint64(c.c.cell_bits)}
	if c.c.cell_ptr != nil {
		v.Data = unsafe.Slice((*byte)(c.c.cell_ptr), int(c.c.cell_len))
	}
	return v, C.SQLITE_OK
}

// unpack reads one packed cell and returns the rest.
func unpack(b []byte) (encode.Value, []byte) {
	v := encode.Value{Kind: encode.Kind(b[0])}
	switch v.Kind {
	case encode.Integer, encode.Real:
		v.Bits = binary.NativeEndian.Uint64(b[1:])
		return v, b[9:]
	case encode.Text, encode.Blob:
		n := binary.NativeEndian.Uint32(b[1:])
		v.Data = b[5 : 5+n]
		return v, b[5+n:]
	}
	return v, b[1:]
}
