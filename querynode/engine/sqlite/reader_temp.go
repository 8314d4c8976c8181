//go:build cgo && (linux || darwin)

package sqlite

/*
#include "engine.h"
*/
import "C"

import (
	"strconv"

	"github.com/ayb-go/ayb/shared/errs"
)

// readerTempBytes is the size limit of a read-only caller's TEMP tables. They
// are files if they do not fit into memory.
const readerTempBytes = 16 << 20

// refusedToReaders reports whether a statement is rejected for a read-only
// caller even if it would change no data.
func (st *stmt) refusedToReaders() bool { return st.vacuum || st.pragma && !st.reads }

// allowTempWrites sets whether the reader may write to TEMP tables. Full-text
// tables in them write as late as at the commit. The database itself is opened
// read-only, so SQLite rejects all other writes; the stand-in for a missing
// database is not.
func (r *execution) allowTempWrites(temp bool, from int) error {
	if r.c.temp == temp {
		return nil
	}
	sql := "PRAGMA query_only=1"
	if temp {
		if rc := r.c.exec("PRAGMA temp.page_size"); rc != C.SQLITE_OK {
			return r.failure(rc, from)
		}
		size, err := strconv.ParseInt(r.c.result(), 10, 64)
		if err != nil || size <= 0 {
			return errs.E(errs.Engine, "The database could not be opened")
		}
		sql = "PRAGMA temp.max_page_count=" + strconv.FormatInt(readerTempBytes/size, 10) + "; PRAGMA query_only=0"
	}
	r.c.c.tainted = 1
	if rc := r.c.exec(sql); rc != C.SQLITE_OK {
		return r.failure(rc, from)
	}
	r.c.temp = temp
	return nil
}
