package process

import (
	"testing"

	"github.com/ayb-go/ayb/shared/config"
)

func TestShareOfDescriptors(t *testing.T) {
	all := []config.Role{config.RoleControlPlane, config.RoleQueryNode}
	for _, c := range []struct {
		limit       uint64
		roles       []config.Role
		connections int // configured
		want        Descriptors
		refused     string
	}{
		{1 << 20, all, 0, Descriptors{1<<20 - 96 - 1500, 500}, ""},
		{4096, all, 0, Descriptors{4096 - 96 - 1500, 500}, ""},
		{1024, all, 0, Descriptors{1024 - 96 - 154*3, 154}, ""},
		{256, all, 0, Descriptors{256 - 96 - 26*3, 26}, ""},
		{256, all, 64, Descriptors{256 - 96 - 26*3, 26}, ""},
		{256, all[:1], 0, Descriptors{160, 0}, ""},
		{256, all[1:], 0, Descriptors{0, 53}, ""},
		{0, all, 0, Descriptors{1<<30 - 96 - 1500, 500}, ""},
		{256, nil, 0, Descriptors{256 - 96 - 26*3, 26}, ""},
		{256, []config.Role{config.RoleMailer}, 0, Descriptors{}, ""},
		{100, all, 0, Descriptors{}, "this process may have 100 files and connections open at once, which is too few to serve; allow at least 256 (ulimit -n)"},
		{100, all[1:], 0, Descriptors{}, "this process may have 100 files and connections open at once, which is too few to serve; allow at least 256 (ulimit -n)"},
		{256, all, 1000, Descriptors{}, "limits.connections is 1000, but the 256 files and connections that this process may have open (ulimit -n) leave room for 82; lower the one or raise the other"},
	} {
		cfg := config.Default()
		cfg.Limits.Connections = c.connections
		got, err := shareDescriptors(c.limit, cfg, c.roles)
		switch {
		case c.refused != "" && (err == nil || err.Error() != c.refused):
			t.Errorf("%d for %v: %v", c.limit, c.roles, err)
		case c.refused == "" && (err != nil || got != c.want):
			t.Errorf("%d for %v: %+v, %v, not %+v", c.limit, c.roles, got, err, c.want)
		}
	}
}
