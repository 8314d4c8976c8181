//go:build !cgo || !(linux || darwin)

package sqlite

import (
	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/shared/errs"
)

// Open always fails: this build has no engine.
func Open(engine.Options) (engine.DB, error) {
	return nil, errs.E(errs.Unsupported, "This build of ayb has no database engine: build it with cgo, on Linux or macOS")
}
