//go:build !linux

package snapshotio

import "context"

// inBackground runs fn.
func inBackground(fn func(pause func(context.Context))) { fn(func(context.Context) {}) }
