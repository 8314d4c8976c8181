//go:build !unix

package mailer

import "os"

// lock takes no lock: servers run on Linux.
func lock(*os.File) error { return nil }
