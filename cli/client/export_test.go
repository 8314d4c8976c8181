package client

// What the tests look at from outside.
var (
	ConfigPath  = configPath
	HistoryPath = historyPath
	OpenHistory = openHistory
	IsComplete  = isComplete
	Matching    = matching
)

// MaxHistory is how many texts are remembered.
const MaxHistory = maxHistory
