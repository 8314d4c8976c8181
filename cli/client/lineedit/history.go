package lineedit

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/ayb-go/ayb/shared/httpapi"
)

// maxHistoryEntries is how many texts are remembered.
const maxHistoryEntries = 1000

var errNoSuchEntry = errors.New("the history has no such entry")

// history remembers what was typed, in a file only its owner can read: one
// JSON string a line, oldest first. Without a path, or when the file cannot
// be used, it remembers until the session ends.
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
	if err != nil { // the first session, or a history we may not read
		return h
	}
	for line := range strings.Lines(string(data)) {
		var text string
		if json.Unmarshal([]byte(line), &text) == nil { // a line we cannot read is dropped
			h.entries = append(h.entries, text)
		}
	}
	if n := len(h.entries); n > maxHistoryEntries {
		h.entries = h.entries[n-maxHistoryEntries:]
		h.rewrite()
	}
	return h
}

// Write remembers a text, unless it repeats the last one.
func (h *history) Write(text string) (int, error) {
	text = strings.TrimSpace(text)
	if n := len(h.entries); text == "" || n > 0 && h.entries[n-1] == text {
		return n, nil
	}
	h.entries = append(h.entries, text)
	h.append(text)
	return len(h.entries), nil
}

// GetLine returns an entry, 0 being the oldest.
func (h *history) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.entries) {
		return "", errNoSuchEntry
	}
	return h.entries[i], nil
}

// Len is the number of entries.
func (h *history) Len() int { return len(h.entries) }

// Dump returns all entries.
func (h *history) Dump() any { return h.entries }

// append adds an entry to the file. A session goes on without a file.
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
	_, _ = f.Write(append(line, '\n')) // a full disk must not end a session
}

// rewrite cuts the file down to the entries kept.
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
