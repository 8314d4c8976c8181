package databases

import (
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// limitsOf returns the limits of a database.
func (d *Databases) limitsOf(db meta.Database) limits.Effective {
	return limits.Resolve(d.cfg.Limits, db.Limits)
}

// daemonLimits returns the limits that a daemon is started with. Zero stands for a
// limit of the server, which the node knows.
func daemonLimits(e limits.Effective) daemonapi.Limits {
	own := func(l limits.Limit) int64 {
		if e.Source(l) == limits.FromServer {
			return 0
		}
		return e.Value(l)
	}
	return daemonapi.Limits{
		DatabaseBytes: own(limits.DatabaseBytes), HeapBytes: own(limits.HeapBytes), Queries: int(own(limits.QueriesPerDatabase)),
	}
}

// checkBodySize refuses a body that is too large for its database. The server's
// limit was checked when the body was read.
func checkBodySize(body []byte, e limits.Effective) error {
	most := e.Value(limits.RequestBytes)
	if e.Source(limits.RequestBytes) == limits.FromServer || int64(len(body)) <= most {
		return nil
	}
	return errs.E(errs.TooLarge, "The request body has %d bytes, and for this database it may have %d bytes %s", len(body), most, limits.RequestBytes.Hint()).
		With("limit", limits.RequestBytes.String())
}
