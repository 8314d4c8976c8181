package natsbus_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
)

const queueSubject = "ayb.v1.mail"

// work runs workers on the queue until the test ends.
func work(t *testing.T, q *natsbus.Queue, workers int, do func(context.Context, bus.Job) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, workers)
	for range workers {
		go func() { done <- q.Work(ctx, do) }()
	}
	t.Cleanup(func() {
		cancel()
		for range workers {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// A new job is handled at once, even if more jobs wait for a retry than a consumer
// may have pending by default.
func TestWaitingJobsDoNotHoldUpNewOnes(t *testing.T) {
	s := bustest.Start(t)
	put := bustest.Role(t, s, natsbus.ControlPlane).MailQueue(queueSubject)
	const stuck = 1100
	var failed atomic.Int64
	fresh := make(chan struct{})
	work(t, bustest.Role(t, s, natsbus.Mailer).MailQueue(queueSubject), 4, func(_ context.Context, j bus.Job) error {
		if j.ID == "fresh" {
			close(fresh)
			return nil
		}
		if j.Attempt == 1 {
			failed.Add(1)
		}
		return errors.New("not now")
	})
	for i := range stuck {
		if err := put.Put(t.Context(), fmt.Sprint("stuck", i), nil); err != nil {
			t.Fatal(err)
		}
	}
	bustest.Until(t, "all jobs to fail once", func() bool { return failed.Load() == stuck })
	if err := put.Put(t.Context(), "fresh", nil); err != nil {
		t.Fatal(err)
	}
	select {
	case <-fresh:
	case <-time.After(20 * time.Second):
		t.Error("the new job waits for those that fail")
	}
}

// A slow job is handled once, because its worker reports progress. A job of a dead
// worker goes to another one. The times are long enough for a busy machine, where a
// goroutine may wait for a second.
func TestSlowJobIsNotGivenTwice(t *testing.T) {
	s := bustest.Start(t)
	const patience = 3 * time.Second
	put := bustest.Role(t, s, natsbus.ControlPlane).MailQueue(queueSubject)
	put.SetAckWait(patience)
	if err := put.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	q := bustest.Role(t, s, natsbus.Mailer).MailQueue(queueSubject)
	q.SetAckWait(patience)
	var tries atomic.Int64
	done := make(chan struct{}, 10)
	work(t, q, 2, func(_ context.Context, j bus.Job) error {
		tries.Add(1)
		<-time.After(2 * patience)
		done <- struct{}{}
		return nil
	})
	if err := put.Put(t.Context(), "slow", nil); err != nil {
		t.Fatal(err)
	}
	<-done
	if n := tries.Load(); n != 1 {
		t.Errorf("the job was given %d times", n)
	}
}

func TestJobOfADeadWorkerGoesToAnother(t *testing.T) {
	s := bustest.Start(t)
	const patience = 600 * time.Millisecond
	put := bustest.Role(t, s, natsbus.ControlPlane).MailQueue(queueSubject)
	put.SetAckWait(patience)
	if err := put.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, err := natsbus.Connect(natsbus.ConnConfig{Role: natsbus.Mailer, Server: s}, bustest.Log(t))
	if err != nil {
		t.Fatal(err)
	}
	taken, end := make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- first.MailQueue(queueSubject).Work(ctx, func(context.Context, bus.Job) error {
			close(taken)
			<-end
			return nil
		})
	}()
	if err := put.Put(t.Context(), "orphan", nil); err != nil {
		t.Fatal(err)
	}
	<-taken
	first.Close() // as a killed process does
	again := make(chan int, 1)
	work(t, bustest.Role(t, s, natsbus.Mailer).MailQueue(queueSubject), 1, func(_ context.Context, j bus.Job) error {
		again <- j.Attempt
		return nil
	})
	select {
	case attempt := <-again:
		if attempt != 2 {
			t.Errorf("attempt %d", attempt)
		}
	case <-time.After(20 * time.Second):
		t.Error("nobody got the job")
	}
	cancel()
	close(end)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
