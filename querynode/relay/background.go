package relay

import (
	"encoding/json"

	"github.com/ayb-go/ayb/querynode/pool"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

var _, _ pool.MaybeBackground = (*proxyStream)(nil), (*reply)(nil)

// isBackground reports whether a request exports a complete database file,
// which throttles itself while the daemon has other requests.
func isBackground(req *daemonapi.Request) bool {
	if req.Kind != daemonapi.KindExport || len(req.Body) > 0 {
		return false
	}
	var o daemonapi.ExportOptions
	return json.Unmarshal(req.Options, &o) == nil && o.Format.CompleteFile()
}

// Background implements pool.MaybeBackground.
func (l *proxyStream) Background() bool { return l.background }

// Background implements pool.MaybeBackground. All of the node's own work is
// background work.
func (*reply) Background() bool { return true }
