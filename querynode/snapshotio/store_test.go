package snapshotio

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/shared/errs"
)

// N8: a copy is kept while it is sent again and again, and removed when its
// requester has crashed.
func TestKeptWhileSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStore(t.TempDir(), time.Minute)
		handle, _, err := s.Pack(t.Context(), fileOf(t, content(100)))
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			<-time.After(50 * time.Second)
			f, _, err := s.open(handle)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		<-time.After(61 * time.Second)
		synctest.Wait()
		if f, _, err := s.open(handle); !errs.Is(err, errs.NotFound) {
			t.Errorf("%v, %v: it is still there", f, err)
		}
	})
}
