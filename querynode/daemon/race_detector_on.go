//go:build race

package daemon

// raceDetector reports whether the race detector is built in. It reserves more
// memory than a limit on data allows.
const raceDetector = true
