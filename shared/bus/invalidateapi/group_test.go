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

// member is a control plane that remembers what it was told.
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

// times is how often the member was told of anything.
func (m *member) times() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls
}

func TestEveryMemberHasForgottenWhenTellReturns(t *testing.T) {
	s := bustest.Start(t)
	var members []*member
	for range 5 {
		members = append(members, join(t, s))
	}
	for i, teller := range members {
		hello := "hello from " + strconv.Itoa(i)
		bustest.Until(t, "all to know each other", func() bool {
			if err := teller.Invalidate(invalidateapi.Notice{Tokens: []string{hello}, Databases: []ayb.DatabasePath{{Entity: "a", Database: "b"}}}); err != nil {
				t.Error(err)
			}
			return !slices.ContainsFunc(members, func(m *member) bool { return m != teller && !m.knows(hello) })
		})
	}
	for i := range 200 {
		token := string(rune('a'+i%26)) + string(rune('A'+i/26))
		teller := members[i%5]
		if err := teller.Invalidate(invalidateapi.Notice{Tokens: []string{token}}); err != nil {
			t.Fatal(err)
		}
		for j, m := range members {
			// One that was held up for long does not trust its memory meanwhile.
			if m != teller && !m.knows(token) && m.Fresh() {
				t.Fatalf("member %d had not heard of %s when it was told", j, token)
			}
		}
	}
}

// On a bus with users too: control planes must be allowed to answer one
// another, else every change waits for all of ConfirmTimeout. The answer itself is
// looked for, on the subject that they use.
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
	bustest.Until(t, "an answer", func() bool { // the bus may hear of who listens only after the first question
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

func TestAMemberThatIsGoneIsWaitedForOnce(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		return a.Invalidate(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	b.conn.Close() // as a killed process does
	bustest.Until(t, "b to distrust its memory", func() bool { return !b.Fresh() })
	manyTimes(t, a)
}

// manyTimes tells so often that it would take minutes if each time somebody
// was waited for.
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
			t.Errorf("nobody trusts an old memory, and the error is %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Error("somebody who is not there is waited for each time")
		if err := <-done; err != nil { // the bus outlives it
			t.Log(err)
		}
	}
}

func TestNobodyToTell(t *testing.T) {
	a := join(t, bustest.Start(t))
	manyTimes(t, a)
}

// Ruling 41: who cannot reach the others does not say that they have forgotten.
// A change in a process that is cut off is told as one that may not be in force
// everywhere, whenever it was cut off.
func TestWhoIsCutOffSaysSo(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		return a.Invalidate(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	a.conn.Close()
	for range 2 { // while it trusts its memory, and afterwards
		if err := a.Invalidate(invalidateapi.Notice{Tokens: []string{"y"}}); !errs.Is(err, errs.Unavailable) {
			t.Errorf("the others were told by nobody, and the error is %v", err)
		}
	}
	if b.knows("y") || !b.Fresh() {
		t.Error("this test is about a member that was not told and trusts its memory")
	}
}

// A notice may be about an account with any number of tokens and databases,
// and a message has a largest size.
func TestNoticesOfAnySizeArrive(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		return a.Invalidate(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	forgotten := b.times()
	if err := a.Invalidate(invalidateapi.Notice{Tokens: make([]string, 200_000)}); err != nil {
		t.Error(err)
	}
	if b.times() == forgotten {
		t.Error("told of 200 000 tokens, the other has forgotten nothing")
	}
}

// A beat that comes back late proves that what was said after it is late too.
func TestALateBeatProvesNothing(t *testing.T) {
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
			t.Errorf("after %d late beats the memory counts as fresh: %t", slow.heard.Load(), g.Fresh())
		}
		cancel()
		running.Wait()
		<-time.After(10 * invalidateapi.Lease)
	})
}

// slowBus brings every message back late.
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
