package client

import "github.com/ayb-go/ayb/shared/daemonapi"

// Unexported functions for the tests of package client_test.
var (
	ConfigPath  = configPath
	HistoryPath = historyPath
	IsComplete  = isComplete
	Matching    = matching

	ChangesSchema = changesSchema
)

// Candidates returns the completions of a text in a database with this schema.
func Candidates(schema daemonapi.Schema, text string) []string {
	var n completions
	n.setSchema(schema)
	return n.candidates(text)
}

// Sniff describes what a file seems to be: its format, the reason, and its
// compression.
func Sniff(name string, begin []byte) string {
	g := sniff(name, begin)
	return string(g.format) + " by " + g.source + " " + g.coding
}
