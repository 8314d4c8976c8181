package lineedit

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// C7: the next session has the typed texts, in a file for its owner only.
func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "ayb", "query_history")
	h := openHistory(path)
	for _, s := range []string{"SELECT 1;\n", "SELECT 1;", "  ", "SELECT\n'<2>';"} {
		if _, err := h.Write(s); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "\"SELECT 1;\"\n\"SELECT\\n'<2>';\"\n" {
		t.Errorf("file holds %s", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info, err)
	}
	again := openHistory(path)
	if got, err := again.GetLine(1); again.Len() != 2 || err != nil || got != "SELECT\n'<2>';" {
		t.Errorf("got %q, %v of %d", got, err, again.Len())
	}
	if _, err := again.GetLine(2); err == nil {
		t.Error("an entry past the end")
	}

	text := "not json\n"
	for i := range maxHistoryEntries + 10 {
		text += fmt.Sprintf("\"%d\"\n", i)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // as read, and as cut down in the file
		h = openHistory(path)
		if got, err := h.GetLine(0); h.Len() != maxHistoryEntries || err != nil || got != "10" {
			t.Errorf("got %d entries from %q, %v", h.Len(), got, err)
		}
	}
	if got := openHistory(""); got.Len() != 0 {
		t.Error("no place has entries")
	}
}
