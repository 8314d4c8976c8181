package invalidateapi

import (
	"encoding/json"
	"log/slog"
	"testing"
)

// A member clears its cache after a malformed message, after the first message of
// a sender, and after a gap in the sequence numbers.
func FuzzReceive(f *testing.F) {
	for _, s := range []string{
		`{"from":"b","seq":1,"notice":{"tokens":["t"]}}`, `{"from":"b","seq":8,"notice":{"databases":[{"entity":"a","database":"b"}]}}`,
		`{"from":"b","seq":8,"notice":{"all":true}}`, `{"from":"b","seq":8,"leave":true}`, `{"from":"b","seq":-1}`, `{"from":"b","seq":1e99}`,
		`{"from":"","seq":0,"notice":null}`, "", "null", "{", "[]", `{"from":"b","seq":8,"notice":{"tokens":null}}`, "{\"from\":\"\xff\",\"notice\":{}}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		all, told := 0, 0
		g := Join(nil, func(n Notice) {
			told++
			if n.All {
				all++
			}
		}, slog.New(slog.DiscardHandler))
		if g.receive([]byte(`{"from":"b","seq":7}`)); all != 1 {
			t.Fatal("the first message of an unknown member does not clear the cache")
		}
		answer := g.receive(data)
		var m message
		err := json.Unmarshal(data, &m)
		switch {
		case m.From == g.id:
		case err != nil && all != 2, err == nil && (m.From != "b" || m.Seq != 8) && all < 2:
			t.Fatalf("%q left what was remembered as it was", data)
		case (answer != nil) != (err == nil && m.Notice != nil), answer != nil && (string(answer) != g.id || told < 2):
			t.Fatalf("%q was answered %q after %d notices", data, answer, told)
		}
	})
}
