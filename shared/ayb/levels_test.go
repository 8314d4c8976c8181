package ayb_test

import (
	"testing"

	"github.com/ayb-go/ayb/shared/ayb"
)

func TestCovers(t *testing.T) {
	levels := []ayb.QueryLevel{ayb.QueryNone, ayb.QueryReadOnly, ayb.QueryReadWrite, "manager"}
	want := [][]bool{
		{false, false, false, false},
		{false, true, false, false},
		{false, true, true, false},
		{false, false, false, false},
	}
	for i, has := range levels {
		for j, other := range levels {
			if has.Covers(other) != want[i][j] {
				t.Errorf("%q covers %q: %v", has, other, !want[i][j])
			}
		}
	}
}
