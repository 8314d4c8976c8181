package authz_test

import (
	"fmt"
	"testing"

	"github.com/ayb-go/ayb/controlplane/authz"
	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
)

// row is a row of the decision table. details is written as the level that the
// details show.
type row struct {
	list    bool
	details string
	read    bool
	write   bool
	manage  bool
	fork    bool
	own     bool
}

// cells returns for each column the value of the rights and the value of the row.
func (r row) cells(got authz.Rights) map[string][2]any {
	details := "-"
	if got.Discover {
		details = fmt.Sprintf("%q/%t", got.Query, got.Manage)
	}
	return map[string][2]any{
		"list":    {got.Discover, r.list},
		"details": {details, r.details},
		"read":    {got.Query != ayb.QueryNone, r.read},
		"write":   {got.Query == ayb.QueryReadWrite, r.write},
		"manage":  {got.Manage, r.manage},
		"fork":    {got.Fork, r.fork},
		"own":     {got.Own, r.own},
	}
}

func check(t *testing.T, name string, want row, a authz.Actor, public ayb.PublicLevel, grant ayb.SharingLevel) {
	t.Helper()
	rights := authz.RightsOn(a, meta.Database{ID: 7, Owner: 1, Public: public}, grant)
	for column, cell := range want.cells(rights) {
		t.Run(name+"/"+column, func(t *testing.T) {
			if cell[0] != cell[1] {
				t.Errorf("got %v, want %v", cell[0], cell[1])
			}
		})
	}
}

var (
	nothing   = row{details: "-"}
	seen      = row{list: true, details: `""/false`}
	forkable  = row{list: true, details: `""/false`, fork: true}
	reader    = row{list: true, details: `"read-only"/false`, read: true, fork: true}
	writer    = row{list: true, details: `"read-write"/false`, read: true, write: true, fork: true}
	manager   = row{list: true, details: `"read-write"/true`, read: true, write: true, manage: true, fork: true}
	theOwner  = row{list: true, details: `"read-write"/true`, read: true, write: true, manage: true, fork: true, own: true}
	readerApp = row{list: true, details: `"read-only"/false`, read: true}
	writerApp = row{list: true, details: `"read-write"/false`, read: true, write: true}
)

// The decision table for tokens without scope: caller × public level × column.
func TestPlainTokens(t *testing.T) {
	type levels = map[ayb.PublicLevel]row
	always := func(r row) levels {
		return levels{ayb.PublicNone: r, ayb.PublicFork: r, ayb.PublicReadOnly: r}
	}
	tests := []struct {
		name  string
		actor authz.Actor
		grant ayb.SharingLevel
		want  levels
	}{
		{"anonymous", anonymous, ayb.ShareNone, levels{ayb.PublicNone: nothing, ayb.PublicFork: seen, ayb.PublicReadOnly: seen}},
		{"anonymous ignores a grant", anonymous, ayb.ShareManager, levels{ayb.PublicNone: nothing, ayb.PublicFork: seen, ayb.PublicReadOnly: seen}},
		{"no grant", guest, ayb.ShareNone, levels{ayb.PublicNone: nothing, ayb.PublicFork: forkable, ayb.PublicReadOnly: reader}},
		{"empty grant", guest, "", levels{ayb.PublicNone: nothing, ayb.PublicFork: forkable, ayb.PublicReadOnly: reader}},
		{"unknown grant", guest, "admin", levels{ayb.PublicNone: nothing, ayb.PublicFork: forkable, ayb.PublicReadOnly: reader}},
		{"grant read-only", guest, ayb.ShareReadOnly, always(reader)},
		{"grant read-write", guest, ayb.ShareReadWrite, always(writer)},
		{"grant manager", guest, ayb.ShareManager, always(manager)},
		{"owner", owner, ayb.ShareNone, always(theOwner)},
		{"owner with a stray grant", owner, ayb.ShareReadOnly, always(theOwner)},
		{"unknown public level", guest, ayb.ShareNone, levels{"everybody": nothing}},
	}
	for _, tt := range tests {
		for public, want := range tt.want {
			check(t, tt.name+", "+string(public), want, tt.actor, public, tt.grant)
		}
	}
}

// S2: the table for scoped tokens: relation × public level × cap × column.
// No cell allows management or forks.
func TestScopedTokens(t *testing.T) {
	type want struct{ none, fork, readOnly row }
	everywhere := func(r row) want { return want{r, r, r} }
	other := want{nothing, seen, seen} // as anonymous
	public := want{nothing, seen, readerApp}
	tests := []struct {
		name  string
		actor authz.Actor
		grant ayb.SharingLevel
		db    meta.DatabaseID
		caps  map[ayb.QueryLevel]want
	}{
		{"owner", owner, ayb.ShareNone, 7, map[ayb.QueryLevel]want{"read-only": everywhere(readerApp), "read-write": everywhere(writerApp), "": everywhere(readerApp), "more": everywhere(readerApp)}},
		{"manager", guest, ayb.ShareManager, 7, map[ayb.QueryLevel]want{"read-only": everywhere(readerApp), "read-write": everywhere(writerApp)}},
		{"writer", guest, ayb.ShareReadWrite, 7, map[ayb.QueryLevel]want{"read-only": everywhere(readerApp), "read-write": everywhere(writerApp)}},
		{"reader: the cap does not raise", guest, ayb.ShareReadOnly, 7, map[ayb.QueryLevel]want{"read-only": everywhere(readerApp), "read-write": everywhere(readerApp)}},
		{"grant lost", guest, ayb.ShareNone, 7, map[ayb.QueryLevel]want{"read-only": public, "read-write": public}},
		{"owner, other database", owner, ayb.ShareNone, 8, map[ayb.QueryLevel]want{"read-only": other, "read-write": other}},
		{"manager, other database", guest, ayb.ShareManager, 8, map[ayb.QueryLevel]want{"read-only": other, "read-write": other}},
		{"no grant, other database", guest, ayb.ShareNone, 8, map[ayb.QueryLevel]want{"read-only": other, "read-write": other}},
		{"owner, scope whose database is gone", owner, ayb.ShareNone, 0, map[ayb.QueryLevel]want{"read-only": other, "read-write": other}},
	}
	for _, tt := range tests {
		for level, w := range tt.caps {
			actor := scoped(tt.actor, tt.db, level)
			name := fmt.Sprintf("%s, token %q, public ", tt.name, level)
			check(t, name+"no-access", w.none, actor, ayb.PublicNone, tt.grant)
			check(t, name+"fork", w.fork, actor, ayb.PublicFork, tt.grant)
			check(t, name+"read-only", w.readOnly, actor, ayb.PublicReadOnly, tt.grant)
		}
	}
}
