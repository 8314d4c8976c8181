package databases

import (
	"context"
	"strings"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/bus/snapshotapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// snapshotList is a snapshotter with snapshots of these ids.
type snapshotList struct {
	snapshotapi.Snapshots
	ids []string
}

func (s snapshotList) ListSnapshots(context.Context, snapshotapi.ListRequest) (resp snapshotapi.ListResponse, err error) {
	for _, id := range s.ids {
		resp.Snapshots = append(resp.Snapshots, snapshotapi.Snapshot{ID: id})
	}
	return resp, nil
}

// A unique prefix stands for an id. The error about another prefix lists the
// candidates.
func TestShortenedIDs(t *testing.T) {
	fullID := func(begin string) string { return begin + strings.Repeat("0", idLength-len(begin)) }
	s := snapshotList{ids: []string{fullID("abcd1"), fullID("abcd2"), fullID("abce"), fullID("f00d")}}
	for i := range 6 {
		s.ids = append(s.ids, fullID("7777"+string('a'+rune(i))))
	}
	d := &Databases{deps: Deps{Snapshots: s}}
	for text, want := range map[string]struct {
		id   string
		code errs.Code
		says string
	}{
		"abcd1":           {id: fullID("abcd1")},
		"abce":            {id: fullID("abce")},
		"f00d000":         {id: fullID("f00d")},
		fullID("abcd2"):   {id: fullID("abcd2")},
		fullID("123456"):  {id: fullID("123456")}, // who has it is the store's to say
		"abcd":            {"", errs.Invalid, "2 snapshots have an id that begins with abcd: " + fullID("abcd1") + ", " + fullID("abcd2") + "; write more of it"},
		"7777":            {"", errs.Invalid, "6 snapshots"},
		"77777":           {"", errs.NoSnapshot, "No snapshot has this id"},
		"f00":             {"", errs.Invalid, "shortened to 4 digits or more"},
		"":                {"", errs.NoSnapshot, ""},
		"../x":            {"", errs.NoSnapshot, ""},
		"F00D":            {"", errs.NoSnapshot, ""},
		"f00d/":           {"", errs.NoSnapshot, ""},
		"%66%30%30%64":    {"", errs.NoSnapshot, ""},
		fullID("a") + "0": {"", errs.NoSnapshot, ""},
	} {
		id, err := d.snapshotID(t.Context(), meta.Database{}, text)
		if id != want.id || (err != nil) != (want.code != "") || err != nil && (errs.CodeOf(err) != want.code || !strings.Contains(err.Error(), want.says)) {
			t.Errorf("%q: %q, %v", text, id, err)
		}
	}
}
