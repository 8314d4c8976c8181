package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/querynode/engine"
	"github.com/ayb-go/ayb/querynode/engine/sqlite"
	"github.com/ayb-go/ayb/querynode/socketpair"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/daemonapi"
	"github.com/ayb-go/ayb/shared/errs"
	"github.com/ayb-go/ayb/shared/mux"
)

// These benchmarks measure each hop of a point read, alone and in parallel;
// docs/performance.md explains their results.

// limits are high: no request is refused here.
var limits = mux.Limits{MaxOpen: 1 << 16, MaxRequest: 1 << 24, MaxBuffered: 1 << 28}

// echo answers with as many bytes as a point read.
func echo(c *mux.Call) {
	_ = c.Write(pointRead().answer(nil, pointRows), true) // the client gets the error
}

// roundTrips sends requests one by one, and 32 at a time for each processor.
func roundTrips(b *testing.B, c *mux.Client) {
	head := make([]byte, 100) // about the size of a query's head
	body := pointRead().body(nil, pointRows)
	want := pointRead().answer(nil, pointRows)
	ask := func() error {
		s, err := c.Open(b.Context(), head, body)
		if err != nil {
			return err
		}
		got, last, err := s.Next(b.Context())
		if err == nil && (!last || !bytes.Equal(got, want)) {
			err = fmt.Errorf("the answer is %q", got)
		}
		return err
	}
	bothWays(b, ask)
}

func bothWays(b *testing.B, ask func() error) {
	b.Run("alone", func(b *testing.B) {
		for b.Loop() {
			if err := ask(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("together", func(b *testing.B) {
		b.SetParallelism(32)
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				if err := ask(); err != nil {
					b.Error(err)
					return
				}
			}
		})
	})
}

// BenchmarkPipe measures the connection between query node and daemon, both in
// this process.
func BenchmarkPipe(b *testing.B) {
	one, other, err := socketpair.Pair()
	if err != nil {
		b.Fatal(err)
	}
	near, far := conn(b, one), conn(b, other)
	client, server := mux.NewClient(near), mux.NewServer(far, limits, echo)
	ended := make(chan error, 2)
	go func() { ended <- far.Run(server.Handle) }()
	go func() {
		ended <- near.Run(func(f mux.Frame) {
			f.Payload = bytes.Clone(f.Payload)
			client.Handle(f)
		})
	}()
	b.Cleanup(func() {
		near.Close()
		far.Close()
		for range 2 {
			if err := <-ended; err != nil {
				b.Error(err)
			}
		}
	})
	roundTrips(b, client)
}

func conn(b *testing.B, f *os.File) *socketpair.Conn {
	b.Helper()
	c, err := socketpair.New(f)
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// BenchmarkBus measures the connection between control plane and query node in
// one process.
func BenchmarkBus(b *testing.B) {
	s := bustest.Start(b)
	const subject = "ayb.v1.node.bench.query"
	stop, err := bustest.Role(b, s, natsbus.QueryNode).Serve(bus.Service{
		Name: "bench", Version: "1.0.0", Endpoints: []bus.Endpoint{{
			Name: "query", Subject: subject,
			Link: func(l mux.Link) bus.Peer { return answering{mux.NewServer(l, limits, echo)} },
		}},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(stop)
	p := &asking{}
	link, hangUp, err := bustest.Role(b, s, natsbus.ControlPlane).Dial(subject, p)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(hangUp)
	client := mux.NewClient(link)
	p.client.Store(client)
	roundTrips(b, client)
}

// answering and asking are the two ends of a connection.
type (
	answering struct{ *mux.Server }
	asking    struct{ client atomic.Pointer[mux.Client] }
)

func (a answering) Frames(batch []byte) { _ = mux.EachFrame(batch, a.Handle) } // our own frames
func (a answering) Busy() bool          { return false }
func (a answering) Down(error)          { a.CancelAll() }

func (a *asking) Frames(batch []byte) { _ = mux.EachFrame(batch, a.client.Load().Handle) } // our own frames
func (a *asking) Busy() bool          { return a.client.Load().Active() > 0 }
func (a *asking) Down(err error)      { a.client.Load().FailAll(err) }
func (a *asking) Restarted()          { a.Down(errs.E(errs.Unavailable, "The other end was restarted")) }

// BenchmarkEngine measures a point read and a durable insert in the engine,
// without sandbox and process.
func BenchmarkEngine(b *testing.B) {
	dir := b.TempDir()
	db, err := sqlite.Open(engine.Options{Path: filepath.Join(dir, "bench.sqlite"), TempDir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	for _, sql := range append(tableOf("point"), tableOf("log")...) {
		if err := runEngine(db, sql, ""); err != nil {
			b.Fatal(err)
		}
	}
	for _, w := range []work{pointRead(), oneInsert()} {
		b.Run(w.name, func(b *testing.B) {
			var n atomic.Int64
			bothWays(b, func() error {
				i := int(n.Add(1))%pointRows + 1
				return runEngine(db, string(w.body(nil, i)), string(w.answer(nil, i)))
			})
		})
	}
}

// runEngine runs SQL and compares the answer with want, unless that is empty.
func runEngine(db engine.DB, sql, want string) error {
	var got collected
	b := daemonapi.Batch{Statements: []daemonapi.Statement{{SQL: sql}}, Script: true, Atomic: true}
	o := engine.JobOptions{Mode: ayb.QueryReadWrite, Format: daemonapi.FormatCompat, Timeout: time.Minute}
	if err := db.Run(engine.NewJob(b, o), &got); err != nil {
		return err
	}
	if want != "" && string(got) != want {
		return fmt.Errorf("the answer to %s is %q", sql, got)
	}
	return nil
}

type collected []byte

func (c *collected) Write(p []byte, _ bool) error {
	*c = append(*c, p...)
	return nil
}

// BenchmarkDecode reads the request of the work batch, as the daemon does.
func BenchmarkDecode(b *testing.B) {
	body := insertBatch().body(nil, 1)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := daemonapi.DecodeBatch(body); err != nil {
			b.Fatal(err)
		}
	}
}
