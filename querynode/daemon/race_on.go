//go:build race

package daemon

// raceDetector tells that the race detector is built in: it reserves far more
// memory than any limit on data leaves.
const raceDetector = true
