package process

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/ayb-go/ayb/shared/version"
)

// DefaultFile is the default path of the configuration file.
const DefaultFile = "./ayb.toml"

// FileVariable is the environment variable with the path of the configuration
// file.
const FileVariable = "AYB_SERVER_CONFIG_FILE"

// Main is the main function of a program that runs one role. It accepts --config
// and --version and returns the exit status.
func Main(name string, args []string, spec Spec) int {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	file := fs.String("config", "", "configuration `file` (default $"+FileVariable+", else "+DefaultFile+")")
	show := fs.Bool("version", false, "print the version and exit")
	fs.SetOutput(os.Stderr)
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "Error: %s takes no arguments, only options; see --help\n", name)
		return 2
	}
	if *show {
		fmt.Fprintln(os.Stdout, name, version.Read().Version)
		return 0
	}
	path, required := ConfigFile(*file)
	return Report(os.Stderr, spec.Run(context.Background(), path, required, nil, IO{os.Stdout, os.Stderr, os.Environ()}))
}

// ConfigFile returns the path of the configuration file and reports whether the
// file must exist. The path is the option, else the environment variable, else
// the default, which may be missing.
func ConfigFile(option string) (path string, required bool) {
	if option != "" {
		return option, true
	}
	if path := os.Getenv(FileVariable); path != "" {
		return path, true
	}
	return DefaultFile, false
}

// Report prints an error, if any, and returns the exit status.
func Report(stderr io.Writer, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "Error: %v\n", err)
	return 1
}
