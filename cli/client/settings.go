package client

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
)

// settingsVersion is the version of the settings file that this program reads
// and writes.
const settingsVersion = 1

// settings is the client's settings file. The order of its keys is part of the
// contract.
type settings struct {
	Version        int               `json:"version"`
	Authentication map[string]string `json:"authentication"` // server URL → API token
	DefaultURL     *string           `json:"default_url"`
}

// loadSettings reads the file. A missing file has the defaults.
func loadSettings(path string) (settings, error) {
	s := settings{Version: settingsVersion}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, localFailure(err, "read the configuration file %s", path)
	}
	if err == nil {
		if err := json.Unmarshal(data, &s); err != nil {
			return s, errs.Wrap(errs.Invalid, err, "The configuration file %s is not valid; correct or remove it", path)
		}
	}
	if s.Version > settingsVersion {
		return s, errs.E(errs.Invalid, "The configuration file %s was written by a newer version of ayb", path)
	}
	if s.Authentication == nil {
		s.Authentication = map[string]string{}
	}
	return s, nil
}

// tokenFor returns the token of a server, also if its URL is spelled differently
// in the file.
func (s settings) tokenFor(url string) string {
	if t, ok := s.Authentication[url]; ok {
		return t
	}
	for known, t := range s.Authentication {
		if n, err := httpapi.NormalizeURL(known); err == nil && n == url {
			return t
		}
	}
	return ""
}

// save replaces the file, readable by its owner only because it holds tokens.
// Readers see the old file or the new one, never a part.
func (s settings) save(path string) error {
	if err := s.replaceFile(path); err != nil {
		return localFailure(err, "write the configuration file %s", path)
	}
	return nil
}

func (s settings) replaceFile(path string) error {
	data, err := httpapi.Marshal(s)
	if err != nil {
		return err
	}
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target // a link to the file stays
	}
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".ayb-*.json") // mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // the first error is the one to report
	}
	return err
}
