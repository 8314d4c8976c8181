package client

import (
	"path/filepath"

	"github.com/ayb-go/ayb/shared/errs"
)

// configPath returns the default path of the settings file on an operating
// system.
func configPath(goos string, getenv func(string) string) (string, error) {
	switch home := getenv("HOME"); {
	case goos == "windows":
		if dir := getenv("APPDATA"); dir != "" {
			return filepath.Join(dir, "ayb", "ayb", "config", "ayb.json"), nil
		}
	case goos == "darwin":
		if home != "" {
			return filepath.Join(home, "Library", "Application Support", "org.ayb.ayb", "ayb.json"), nil
		}
	default:
		if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) { // the XDG rules ignore a relative one
			return filepath.Join(dir, "ayb", "ayb.json"), nil
		}
		if home != "" {
			return filepath.Join(home, ".config", "ayb", "ayb.json"), nil
		}
	}
	return "", errs.E(errs.Invalid, "There is no home directory for the configuration file; name a file with --config or %s", envConfig)
}

// historyPath returns the file for the history of sessions; empty if there is no
// directory for it.
func historyPath(goos string, getenv func(string) string) string {
	const name = "query_history"
	if goos != "windows" && goos != "darwin" {
		if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, "ayb", name)
		}
		if home := getenv("HOME"); home != "" {
			return filepath.Join(home, ".local", "state", "ayb", name)
		}
		return ""
	}
	path, err := configPath(goos, getenv)
	if err != nil { // a session works without a history
		return ""
	}
	return filepath.Join(filepath.Dir(path), name)
}
