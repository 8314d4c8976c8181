package client

import "github.com/ayb-go/ayb/shared/daemonapi"

// What the tests look at from outside.
var (
	ConfigPath  = configPath
	HistoryPath = historyPath
	IsComplete  = isComplete
	Matching    = matching

	ChangesSchema = changesSchema
)

// Candidates are the completions of a text in a database with this schema.
func Candidates(schema daemonapi.Schema, text string) []string {
	var n completions
	n.setSchema(schema)
	return n.candidates(text)
}

// Sniff returns what a file is taken for, by what, and how it is compressed.
func Sniff(name string, begin []byte) string {
	g := sniff(name, begin)
	return string(g.format) + " by " + g.source + " " + g.coding
}
