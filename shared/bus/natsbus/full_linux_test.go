package natsbus_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/disktest"
	"github.com/ayb-go/ayb/shared/errs"
)

// until repeats f until it has no error.
func until(t *testing.T, what string, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		err := f(ctx)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// A bus whose disk was full works again when space is free, without a restart, and
// without a loss of acknowledged messages.
func TestDiskFullAndFree(t *testing.T) {
	disk := disktest.Mount(t, 16<<20)
	s := bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: filepath.Join(disk, "bus")})
	c := bustest.Role(t, s, natsbus.ControlPlane)
	queue := c.MailQueue(mailapi.Subject)
	free := disktest.Fill(t, disk, 0)

	acked := map[string]bool{}
	put := func(id string, size int) error {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := queue.Put(ctx, id, make([]byte, size))
		if err == nil {
			acked[id] = true
		} else if !errs.Is(err, errs.DiskFull) {
			t.Errorf("refused with %v", err)
		}
		return err
	}
	refused := 0
	for i := 0; refused < 3; i++ {
		if put(fmt.Sprint("full", i), 100<<10) != nil {
			refused++
		}
		if i > 1000 {
			t.Fatal("the bus takes everything on a full disk")
		}
	}
	free()
	until(t, "mail is taken again", func(context.Context) error { return put("after", 100) })
	until(t, "the registry can be written again", func(ctx context.Context) error { return c.NodeRegistry().Set(ctx, "n", []byte("x")) })
	until(t, "values can be written again", func(ctx context.Context) error { return c.SnapshotRecords().Set(ctx, "a/b", []byte("x")) })
	held := make(chan struct{})
	holding, let := context.WithCancel(t.Context())
	defer let()
	go func() { _ = c.SnapshotLease().Hold(holding, func(context.Context) { close(held); <-holding.Done() }) }()
	select { // the lease was in memory
	case <-held:
	case <-time.After(30 * time.Second):
		t.Error("the lease cannot be had any more")
	}
	for id := range taken(t, s, len(acked)) {
		delete(acked, id)
	}
	if len(acked) > 0 {
		t.Errorf("acknowledged and lost: %v", acked)
	}
}

// taken handles so many jobs of the mail queue.
func taken(t *testing.T, s *natsbus.Server, n int) map[string]bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	ids := map[string]bool{}
	work := bustest.Role(t, s, natsbus.Mailer).MailQueue(mailapi.Subject)
	if err := work.Work(ctx, func(_ context.Context, j bus.Job) error {
		if ids[j.ID] = true; len(ids) >= n {
			cancel()
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return ids
}

// A bus starts on a full disk, and works when space is free.
func TestStartOnFullDisk(t *testing.T) {
	for _, tt := range []struct {
		name string
		left int64
	}{{"nothing left", 0}, {"a little left", 300 << 10}} {
		t.Run(tt.name, func(t *testing.T) {
			disk := disktest.Mount(t, 64<<20)
			cfg := natsbus.ServerConfig{StoreDir: filepath.Join(disk, "bus")}
			before, err := natsbus.StartServer(cfg, bustest.Log(t))
			if err != nil {
				t.Fatal(err)
			}
			c := bustest.Role(t, before, natsbus.ControlPlane)
			if err := c.MailQueue(mailapi.Subject).Ensure(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := c.MailQueue(mailapi.Subject).Put(t.Context(), "kept", []byte("x")); err != nil {
				t.Fatal(err)
			}
			c.Close()
			before.Stop()
			free := disktest.Fill(t, disk, tt.left)
			s, err := natsbus.StartServer(cfg, bustest.Log(t))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Stop()
			c = bustest.Role(t, s, natsbus.ControlPlane)
			defer c.Close()
			queue := c.MailQueue(mailapi.Subject)
			// A server ensures its queues at the start, and they exist.
			if err := queue.Ensure(t.Context()); err != nil {
				t.Errorf("on the full disk: %v", err)
			}
			free()
			until(t, "the queue is there", queue.Ensure)
			for i := range 300 { // more than the free space at the start
				until(t, "mail is taken", func(ctx context.Context) error { return queue.Put(ctx, fmt.Sprint(i), make([]byte, 4<<10)) })
			}
			if got := taken(t, s, 301); !got["kept"] {
				t.Errorf("what was acknowledged before is lost; there are %d others", len(got))
			}
		})
	}
}
