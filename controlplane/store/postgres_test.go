package store_test

import (
	"testing"

	"github.com/ayb-go/ayb/controlplane/store"
	"github.com/ayb-go/ayb/controlplane/store/pgtest"
	"github.com/ayb-go/ayb/controlplane/store/storetest"
)

func TestPostgres(t *testing.T) {
	server := pgtest.Shared(t)
	storetest.Run(t, func(t *testing.T) *store.Store { return open(t, server.Database(t)) })
}
