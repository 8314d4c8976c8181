package relay

import (
	"encoding/json"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

var _, _ pool.MaybeBackground = (*proxyStream)(nil), (*reply)(nil)

// isBackground tells whether a request is for work on a whole database that rests by
// itself while others want something.
func isBackground(req *daemonapi.Request) bool {
	if req.Kind != daemonapi.KindExport || len(req.Body) > 0 {
		return false
	}
	var o daemonapi.ExportOptions
	return json.Unmarshal(req.Options, &o) == nil && o.Format.CompleteFile()
}

// Background implements pool.MaybeBackground.
func (l *proxyStream) Background() bool { return l.background }

// Background implements pool.MaybeBackground: the node's own work does.
func (*reply) Background() bool { return true }
