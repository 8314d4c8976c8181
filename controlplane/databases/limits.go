package databases

import (
	"github.com/ayb-go/ayb/controlplane/metadata/limits"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// limitsOf gives the limits that hold for a database as it was looked up.
func (d *Databases) limitsOf(db meta.Database) limits.Effective {
	return limits.Resolve(d.cfg.Limits, db.Limits)
}

// daemonLimits gives those of a database's limits that its daemon has to be started
// with: what comes from the server the node knows by itself.
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

// checkBodySize refuses a body that is too large for its database. What is too large
// for every database was refused when it was read.
func checkBodySize(body []byte, e limits.Effective) error {
	most := e.Value(limits.RequestBytes)
	if e.Source(limits.RequestBytes) == limits.FromServer || int64(len(body)) <= most {
		return nil
	}
	return errs.E(errs.TooLarge, "The request body is %d bytes large, and for this database it may be %d bytes %s", len(body), most, limits.RequestBytes.Hint()).
		With("limit", limits.RequestBytes.String())
}
