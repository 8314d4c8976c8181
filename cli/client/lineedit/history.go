package lineedit

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// maxHistoryEntries is how many texts the history keeps.
const maxHistoryEntries = 1000

var errNoSuchEntry = errors.New("the history has no such entry")

// history keeps the entered texts in a file that only its owner can read: one
// JSON string per line, oldest first. Without a path, or if the file cannot be
// used, it lasts until the session ends.
type history struct {
	path    string
	entries []string
}

func openHistory(path string) *history {
	h := &history{path: path}
	if path == "" {
		return h
	}
	data, err := os.ReadFile(path)
	if err != nil { // the first session, or a file without permission
		return h
	}
	for line := range strings.Lines(string(data)) {
		var text string
		if json.Unmarshal([]byte(line), &text) == nil { // an invalid line is dropped
			h.entries = append(h.entries, text)
		}
	}
	if n := len(h.entries); n > maxHistoryEntries {
		h.entries = h.entries[n-maxHistoryEntries:]
		h.rewrite()
	}
	return h
}

// Write adds a text, unless it is the same as the last one.
func (h *history) Write(text string) (int, error) {
	text = strings.TrimSpace(text)
	if n := len(h.entries); text == "" || n > 0 && h.entries[n-1] == text {
		return n, nil
	}
	h.entries = append(h.entries, text)
	h.append(text)
	return len(h.entries), nil
}

// GetLine returns an entry; 0 is the oldest.
func (h *history) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.entries) {
		return "", errNoSuchEntry
	}
	return h.entries[i], nil
}

// Len returns the number of entries.
func (h *history) Len() int { return len(h.entries) }

// Dump returns all entries.
func (h *history) Dump() any { return h.entries }

// append adds an entry to the file. Errors are ignored: the session goes on.
func (h *history) append(text string) {
	if h.path == "" {
		return
	}
	line, err := httpapi.Marshal(text)
	if err != nil || os.MkdirAll(filepath.Dir(h.path), 0o700) != nil {
		return
	}
	f, err := os.OpenFile(h.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.Write(append(line, '\n')) // ignored: the session goes on with a full disk
}

// rewrite writes the file with the current entries only.
func (h *history) rewrite() {
	var b strings.Builder
	for _, e := range h.entries {
		line, err := httpapi.Marshal(e)
		if err != nil {
			return
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	tmp := h.path + ".tmp"
	if os.WriteFile(tmp, []byte(b.String()), 0o600) == nil {
		_ = os.Rename(tmp, h.path) // else the long file stays
	}
}
