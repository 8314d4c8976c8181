package table

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
)

// split returns what the JSON decoder does.
func FuzzSplit(f *testing.F) {
	for _, seed := range []string{`[1,2.5,null]`, `["a,b","\"],[","\\",{"base64":"a,b"},[1,[2]]]`, `[""]`, `[`, `["\\\\"]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		var want []json.RawMessage
		var compact bytes.Buffer
		if json.Compact(&compact, line) != nil || json.Unmarshal(compact.Bytes(), &want) != nil || len(want) == 0 {
			return
		}
		got, ok := split(compact.Bytes())
		if !ok || !slices.EqualFunc(got, want, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }) {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	})
}
