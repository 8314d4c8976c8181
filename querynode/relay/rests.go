package relay

import (
	"encoding/json"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

var _, _ pool.Resting = (*leg)(nil), (*reply)(nil)

// rests tells whether a request is for work on a whole database that rests by
// itself while others want something.
func rests(req *daemonapi.Request) bool {
	if req.Kind != daemonapi.KindExport || len(req.Body) > 0 {
		return false
	}
	var o daemonapi.ExportOptions
	return json.Unmarshal(req.Options, &o) == nil && o.Format == daemonapi.TransferSQLite
}

// Rests implements pool.Resting.
func (l *leg) Rests() bool { return l.rests }

// Rests implements pool.Resting: the node's own work does.
func (*reply) Rests() bool { return true }
