// Package harness starts real ayb servers for end-to-end tests. It runs the
// programs that users run, in one process or split into roles. Each server has
// its own directory and free ports. A test stops only the processes that it
// started.
package harness

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// Tags are the build tags of every binary; the Makefile has the same list.
const Tags = "sqlite_fts5,sqlite_math_functions,sqlite_dbstat,sqlite_stat4,sqlite_column_metadata,sqlite_percentile,sqlite_omit_load_extension"

// mains are the packages of the programs.
var mains = []string{".", "./controlplane/cmd/ayb-controlplane", "./querynode/cmd/ayb-querynode", "./snapshotter/cmd/ayb-snapshotter", "./mailer/cmd/ayb-mailer"}

// Root returns the directory of the checkout.
func Root() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output() //nolint:noctx // it asks the toolchain only
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	return filepath.Dir(string(bytes.TrimSpace(out))), nil
}

// build builds the programs once for a test process.
var build = sync.OnceValues(func() (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(root, "bin", "test")
	if race {
		dir += "-race"
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	args := []string{"build", "-tags", Tags, "-o", dir + string(filepath.Separator)}
	if race {
		args = append(args, "-race")
	}
	cmd := exec.Command("go", append(args, mains...)...)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the binaries: %w\n%s", err, out)
	}
	return dir, nil
})

// Bin builds the programs, with the race detector if the test has it, and
// returns their directory.
func Bin() (string, error) { return build() }

// Race reports whether the programs have the race detector, which multiplies
// memory and time.
func Race() bool { return race }

// FastRaceExit is a variable for the environment of every process. Without it,
// programs with the race detector wait a second before they exit.
const FastRaceExit = "GORACE=atexit_sleep_ms=10"
