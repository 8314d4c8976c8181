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

// readerTempBytes is how much the TEMP tables of a caller who may only read
// may hold: they are files while they do not fit into memory.
const readerTempBytes = 16 << 20

// refusedToReaders tells whether a statement is refused to who may only read although
// SQLite might find nothing to write.
func (st *stmt) refusedToReaders() bool { return st.vacuum || st.pragma && !st.reads }

// allowTempWrites says whether what follows on a reader writes to TEMP tables only, and
// is let. An index of text in them writes as late as at the commit. The database
// itself is opened for reading only, so that SQLite refuses everything else all
// the same; the stand-in of one that is missing is not.
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
