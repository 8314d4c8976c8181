package sqlite

import (
	"errors"
	"syscall"

	"github.com/ayb-go/ayb/querynode/space"
	"github.com/ayb-go/ayb/shared/errs"
)

// fileWriteError is the error of a write to a file.
func fileWriteError(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT):
		return space.Full()
	case errors.Is(err, syscall.EFBIG):
		return errs.Wrap(errs.Full, err, "The file is larger than this database may be")
	}
	return errs.Wrap(errs.Engine, err, "The file could not be written")
}
