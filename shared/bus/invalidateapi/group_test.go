package invalidateapi_test

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/invalidateapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/errs"
)

// member is a control plane that records its notices.
type member struct {
	*invalidateapi.Group
	conn *natsbus.Conn

	mu    sync.Mutex
	told  []string
	calls int
}

func join(t *testing.T, s *natsbus.Server) *member {
	t.Helper()
	return joinAs(t, bustest.Role(t, s, natsbus.ControlPlane))
}

func joinAs(t *testing.T, conn *natsbus.Conn) *member {
	t.Helper()
	m := &member{conn: conn}
	m.Group = invalidateapi.Join(m.conn, func(n invalidateapi.Notice) {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.told = append(m.told, n.Tokens...)
		m.calls++
	}, bustest.Log(t))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	bustest.Until(t, "the member to hear itself", m.Fresh)
	return m
}

func (m *member) knows(token string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Contains(m.told, token)
}

// times returns the number of notices.
func (m *member) times() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

func TestEveryMemberHasTheNoticeWhenInvalidateReturns(t *testing.T) {
	s := bustest.Start(t)
	var members []*member
	for range 5 {
		members = append(members, join(t, s))
	}
	for i, sender := range members {
		hello := "hello from " + strconv.Itoa(i)
		bustest.Until(t, "all to know each other", func() bool {
			if err := sender.Invalidate(invalidateapi.Notice{Tokens: []string{hello}, Databases: []ayb.DatabasePath{{Entity: "a", Database: "b"}}}); err != nil {
				t.Error(err)
			}
			return !slices.ContainsFunc(members, func(m *member) bool { return m != sender && !m.knows(hello) })
		})
	}
	for i := range 200 {
		token := string(rune('a'+i%26)) + string(rune('A'+i/26))
		sender := members[i%5]
		if err := sender.Invalidate(invalidateapi.Notice{Tokens: []string{token}}); err != nil {
			t.Fatal(err)
		}
		for j, m := range members {
			// A member that was delayed does not use its cache meanwhile.
			if m != sender && !m.knows(token) && m.Fresh() {
				t.Fatalf("member %d had no notice of %s when Invalidate returned", j, token)
			}
		}
	}
}

// Control planes may answer one another on a bus with users. Without that right
// every change would wait for ConfirmTimeout.
func TestMembersAnswerOnABusWithUsers(t *testing.T) {
	cred, err := natsbus.LoadOrMakeCredentials(filepath.Join(t.TempDir(), "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: cred})
	var members []*member
	for range 2 {
		members = append(members, joinAs(t, bustest.Connect(t, natsbus.ConnConfig{Role: natsbus.ControlPlane, URL: s.URL(), Credentials: cred})))
	}
	bustest.Until(t, "the two to know each other", func() bool {
		return members[0].Invalidate(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && members[1].knows("x")
	})
	answered, err := members[1].conn.Subscribe(invalidateapi.Subject, func([]byte) []byte { return []byte("heard") })
	if err != nil {
		t.Fatal(err)
	}
	defer answered()
	bustest.Until(t, "an answer", func() bool { // the subscription may reach the bus after the first question
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		answers, err := members[0].conn.Ask(invalidateapi.Subject, []byte("no notice"))
		if err != nil {
			t.Fatal(err)
		}
		defer answers.Close()
		got, err := answers.Next(ctx)
		return err == nil && string(got) == "heard"
	})
}

func TestADeadMemberIsWaitedForOnce(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		return a.Invalidate(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	b.conn.Close() // as a killed process does
	bustest.Until(t, "the cache of b to be stale", func() bool { return !b.Fresh() })
	manyTimes(t, a)
}

// manyTimes announces many changes: with a wait for each it would take minutes.
func manyTimes(t *testing.T, m *member) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		var err error
		for range 60 {
			err = errors.Join(err, m.Invalidate(invalidateapi.Notice{Tokens: []string{"y"}}))
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("no other cache is fresh, and the error is %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("each change waits for the dead member")
		if err := <-done; err != nil { // the bus outlives it
			t.Log(err)
		}
	}
}

func TestAloneOnTheBus(t *testing.T) {
	a := join(t, bustest.Start(t))
	manyTimes(t, a)
}

// A process that is cut off from the others returns an error for its change, since
// their caches may hold old data.
func TestAMemberThatIsCutOffReturnsAnError(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		return a.Invalidate(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	a.conn.Close()
	for range 2 { // while its cache is fresh, and afterwards
		if err := a.Invalidate(invalidateapi.Notice{Tokens: []string{"y"}}); !errs.Is(err, errs.Unavailable) {
			t.Errorf("the notice cannot reach the others, and the error is %v", err)
		}
	}
	if b.knows("y") || !b.Fresh() {
		t.Error("this test needs a member without the notice whose cache is fresh")
	}
}

// A notice may concern any number of tokens, although the size of a message is
// limited.
func TestNoticesOfAnySizeArrive(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		return a.Invalidate(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	before := b.times()
	if err := a.Invalidate(invalidateapi.Notice{Tokens: make([]string, 200_000)}); err != nil {
		t.Error(err)
	}
	if b.times() == before {
		t.Error("the notice of 200 000 tokens did not arrive")
	}
}

// A heartbeat that arrives late does not make the cache fresh.
func TestALateHeartbeatProvesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := &slowBus{delay: 2 * invalidateapi.Lease}
		g := invalidateapi.Join(slow, func(invalidateapi.Notice) {}, bustest.Log(t))
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := g.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		<-time.After(10 * invalidateapi.Lease) // of the bubble's clock
		if slow.heard.Load() == 0 || g.Fresh() {
			t.Errorf("after %d late heartbeats the cache counts as fresh: %t", slow.heard.Load(), g.Fresh())
		}
		cancel()
		running.Wait()
		<-time.After(10 * invalidateapi.Lease)
	})
}

// slowBus delivers every message late.
type slowBus struct {
	delay time.Duration
	heard atomic.Int64
	mu    sync.Mutex
	hear  func([]byte) []byte
}

func (b *slowBus) Publish(_ string, data []byte) error {
	time.AfterFunc(b.delay, func() {
		b.mu.Lock() // one message after another
		defer b.mu.Unlock()
		b.heard.Add(1)
		b.hear(data)
	})
	return nil
}

func (b *slowBus) Subscribe(_ string, hear func([]byte) []byte) (func(), error) {
	b.hear = hear
	return func() {}, nil
}

func (b *slowBus) Ask(string, []byte) (bus.Answers, error) {
	return nil, errs.E(errs.Unavailable, "not here")
}
