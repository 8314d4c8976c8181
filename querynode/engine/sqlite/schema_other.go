//go:build !cgo || !(linux || darwin)

package sqlite

// Schema says that this build has no engine.
func (*DB) Schema(*Job, Sink) error { return errNoEngine() }
