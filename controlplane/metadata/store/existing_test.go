package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ayb-go/ayb/controlplane/metadata/store"
	"github.com/ayb-go/ayb/controlplane/metadata/store/pgtest"
	"github.com/ayb-go/ayb/shared/errs"
)

// A program beside the server neither creates nor migrates a store.
func TestOpenExisting(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dir", "ayb.sqlite")
	url := "sqlite://" + path
	if _, err := store.Open(t.Context(), store.Config{URL: url, MustExist: true}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a missing store gave %v", err)
	}
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("a directory was created: %v", err)
	}
	existing(t, url, func(stmt string) error {
		_, err := raw(t, path).Exec(stmt)
		return err
	})
}

func TestOpenExistingPostgres(t *testing.T) {
	url := pgtest.Shared(t).Database(t)
	if _, err := store.Open(t.Context(), store.Config{URL: url, MustExist: true}); !errs.Is(err, errs.Unsupported) {
		t.Errorf("an empty store gave %v", err)
	}
	existing(t, url, func(stmt string) error {
		_, err := rawPostgres(t, url).Exec(stmt)
		return err
	})
}

func existing(t *testing.T, url string, exec func(string) error) {
	t.Helper()
	open(t, url)
	beside, err := store.Open(t.Context(), store.Config{URL: url, MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := beside.Close(); err != nil {
		t.Error(err)
	}
	if err := exec(`DELETE FROM ayb_migration WHERE version = (SELECT max(version) FROM ayb_migration)`); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(t.Context(), store.Config{URL: url, MustExist: true}); !errs.Is(err, errs.Unsupported) {
		t.Errorf("an older store gave %v", err)
	}
}
