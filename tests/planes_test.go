package tests

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/httpapi"
	"github.com/ayb-go/ayb/tests/harness"
)

// planes is the number of control planes. revocations is how many tokens are
// revoked while all of them get requests.
const (
	planes      = 5
	revocations = 1000
)

// With several control planes all of them refuse a revoked token as soon as one
// of them has acknowledged the revocation.
func TestRevocationHoldsEverywhere(t *testing.T) {
	srv := harness.Start(t, harness.Split, harness.WithPostgres(), harness.WithConfig("[limits]\nconnections_per_address = 0"))
	alice := srv.Register("alice")
	alice.Create("a.sqlite")
	alice.Exec("a.sqlite", "CREATE TABLE t(x); INSERT INTO t VALUES (1)")
	urls := []string{srv.URL}
	for range planes - 1 {
		urls = append(urls, srv.AddControlPlane())
	}
	var accepted, refused, late atomic.Int64
	var workers sync.WaitGroup
	jobs := make(chan int)
	for range 8 {
		workers.Go(func() {
			for i := range jobs {
				revokeAndTry(t, alice, urls, i, &accepted, &refused, &late)
			}
		})
	}
	begin := time.Now()
	for i := range revocations {
		jobs <- i
	}
	close(jobs)
	workers.Wait()
	t.Logf("%d revocations in %s: %d requests before, %d refused after, %d accepted after", revocations, time.Since(begin).Round(time.Millisecond), accepted.Load(), refused.Load(), late.Load())
	if late.Load() != 0 {
		t.Errorf("%d requests were accepted with a token that had been revoked", late.Load())
	}
	if refused.Load() != revocations*planes {
		t.Errorf("%d requests were refused, want %d", refused.Load(), revocations*planes)
	}
}

// revokeAndTry lets every control plane cache a token, revokes it at one of
// them, and tries it at all.
func revokeAndTry(t *testing.T, owner *harness.User, urls []string, i int, accepted, refused, late *atomic.Int64) {
	token, err := owner.CreateToken(t.Context(), httpapi.NewTokenRequest{Name: fmt.Sprint("token ", i)})
	if err != nil {
		t.Error(err)
		return
	}
	try := func(url string) error {
		_, err := client(t, url, token.Token).Query(t.Context(), owner.Name, "a.sqlite", "SELECT x FROM t")
		return err
	}
	for _, url := range urls {
		if err := try(url); err != nil {
			t.Errorf("a fresh token at %s: %v", url, err)
			return
		}
		accepted.Add(1)
	}
	// Other requests use it during the revocation.
	ctx, stop := context.WithCancel(t.Context())
	var using sync.WaitGroup
	using.Go(func() {
		for ctx.Err() == nil && try(urls[(i+1)%len(urls)]) == nil {
			accepted.Add(1)
		}
	})
	if err := client(t, urls[i%len(urls)], owner.Token).RevokeToken(t.Context(), token.ShortToken); err != nil {
		t.Errorf("revoke: %v", err)
	}
	for _, url := range urls {
		switch err := try(url); {
		case errs.Is(err, errs.InvalidToken):
			refused.Add(1)
		case err == nil:
			late.Add(1)
		default:
			t.Errorf("a revoked token at %s: %v", url, err)
		}
	}
	stop()
	using.Wait()
}

func client(t *testing.T, url, token string) *httpapi.Client {
	c, err := httpapi.NewClient(httpapi.ClientConfig{URL: url, Token: token}, httpapi.ClientDeps{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}
