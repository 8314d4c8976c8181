package invalidateapi_test

import (
	"context"
	"path/filepath"
	"slices"
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
	bustest.Until(t, "all to know each other", func() bool {
		begin := time.Now()
		if err := members[0].Tell(invalidateapi.Notice{Tokens: []string{"warm-up"}, Databases: []ayb.DatabasePath{{Entity: "a", Database: "b"}}}); err != nil {
			t.Error(err)
		}
		for _, m := range members[1:] {
			if !m.knows("warm-up") {
				return false
			}
		}
		return time.Since(begin) < invalidateapi.Patience
	})
	for i := range 200 {
		token := string(rune('a'+i%26)) + string(rune('A'+i/26))
		teller := members[i%5]
		if err := teller.Tell(invalidateapi.Notice{Tokens: []string{token}}); err != nil {
			t.Fatal(err)
		}
		for j, m := range members {
			if m != teller && !m.knows(token) {
				t.Fatalf("member %d had not heard of %s when it was told", j, token)
			}
		}
	}
}

// On a bus with users too: control planes must be allowed to answer one
// another, else every change waits for all of Patience.
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
		return members[0].Tell(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && members[1].knows("x")
	})
	begin := time.Now()
	err = members[0].Tell(invalidateapi.Notice{Tokens: []string{"y"}})
	if d := time.Since(begin); err != nil || d > invalidateapi.Patience/2 || !members[1].knows("y") {
		t.Errorf("telling took %s: %v", d, err)
	}
}

func TestAMemberThatIsGoneIsWaitedForOnce(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		return a.Tell(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	b.conn.Close() // as a killed process does
	bustest.Until(t, "b to distrust its memory", func() bool { return !b.Fresh() })
	begin := time.Now()
	for _, token := range []string{"y", "z"} {
		if err := a.Tell(invalidateapi.Notice{Tokens: []string{token}}); err != nil {
			t.Errorf("it does not trust its memory, and the error is %v", err)
		}
	}
	if d := time.Since(begin); d > invalidateapi.Patience+time.Second {
		t.Errorf("two changes took %s", d)
	}
}

func TestNobodyToTell(t *testing.T) {
	a := join(t, bustest.Start(t))
	begin := time.Now()
	err := a.Tell(invalidateapi.Notice{All: true})
	if d := time.Since(begin); err != nil || d > time.Second {
		t.Errorf("a lone member waited %s: %v", d, err)
	}
}

// Ruling 41: who cannot reach the others does not say that they have forgotten.
// A change in a process that is cut off is told as one that may not be in force
// everywhere, whenever it was cut off.
func TestWhoIsCutOffSaysSo(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		return a.Tell(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	a.conn.Close()
	for range 2 { // while it trusts its memory, and afterwards
		begin := time.Now()
		if err := a.Tell(invalidateapi.Notice{Tokens: []string{"y"}}); !errs.Is(err, errs.Unavailable) {
			t.Errorf("the others were told by nobody, and the error is %v", err)
		}
		if d := time.Since(begin); d > invalidateapi.Patience+time.Second {
			t.Errorf("that took %s", d)
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
		return a.Tell(invalidateapi.Notice{Tokens: []string{"x"}}) == nil && b.knows("x")
	})
	forgotten := b.times()
	if err := a.Tell(invalidateapi.Notice{Tokens: make([]string, 200_000)}); err != nil {
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
