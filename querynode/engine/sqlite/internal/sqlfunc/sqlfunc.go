//go:build cgo && (linux || darwin)

package sqlfunc

/*
#cgo linux LDFLAGS: -Wl,--unresolved-symbols=ignore-in-object-files
#cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
#include "sqlfunc.h"
*/
import "C"

import "unsafe"

// Register adds the functions to the connection that db points to, a sqlite3*
// that no other goroutine uses meanwhile. It returns SQLite's result code; 0 is
// success. The functions live as long as the connection.
func Register(db unsafe.Pointer) int {
	return int(C.sqlfunc_register((*C.sqlite3)(db)))
}
