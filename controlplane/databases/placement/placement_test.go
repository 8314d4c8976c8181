package placement_test

import (
	"testing"

	"github.com/ayb-go/ayb/controlplane/databases/placement"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

type nodes []nodeapi.NodeStatus

func (n nodes) LiveNodes() []nodeapi.NodeStatus { return n }

func node(id nodeapi.NodeID, free uint64, databases int, engines ...ayb.DatabaseType) nodeapi.NodeStatus {
	return nodeapi.NodeStatus{ID: id, FreeBytes: free, Databases: databases, Engines: engines}
}

func TestPick(t *testing.T) {
	full, roomy := node("a", 10, 0, ayb.SQLite), node("b", 20, 5, ayb.SQLite)
	tests := []struct {
		name   string
		live   nodes
		engine ayb.DatabaseType
		want   nodeapi.NodeID
		code   errs.Code
	}{
		{"nobody", nil, ayb.SQLite, "", errs.Unavailable},
		{"most room", nodes{full, roomy}, ayb.SQLite, "b", ""},
		{"fewer databases at equal room", nodes{roomy, node("c", 20, 1, ayb.SQLite)}, ayb.SQLite, "c", ""},
		{"room beside the reserve", nodes{{ID: "g", FreeBytes: 30, Engines: []ayb.DatabaseType{ayb.SQLite}, DiskFull: true}, roomy}, ayb.SQLite, "b", ""},
		{"always the same one", nodes{node("e", 1, 1, ayb.SQLite), node("d", 1, 1, ayb.SQLite)}, ayb.SQLite, "d", ""},
		{"engine before room", nodes{node("f", 1, 0, ayb.DuckDB), roomy}, ayb.DuckDB, "f", ""},
		{"no such engine", nodes{full, roomy}, ayb.DuckDB, "", errs.Unsupported},
	}
	for _, tt := range tests {
		got, err := placement.New(tt.live).Pick(tt.engine)
		if got != tt.want || errs.CodeOf(err) != tt.code {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}

func TestLocate(t *testing.T) {
	one, two := nodes{node("a", 1, 0)}, nodes{node("a", 1, 0), node("b", 1, 0)}
	tests := []struct {
		name string
		live nodes
		in   meta.NodeID
		want nodeapi.NodeID
		code errs.Code
	}{
		{"recorded, also when it is down", nil, "z", "z", ""},
		{"taken over, one node", one, "", "a", ""},
		{"taken over, several nodes", two, "", "", errs.Unavailable},
		{"taken over, no node", nil, "", "", errs.Unavailable},
	}
	for _, tt := range tests {
		got, err := placement.New(tt.live).Locate(meta.Database{Node: tt.in})
		if got != tt.want || errs.CodeOf(err) != tt.code {
			t.Errorf("%s: %q, %v", tt.name, got, err)
		}
	}
}
