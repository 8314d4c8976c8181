package invalidateapi_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/invalidateapi"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
)

// member is a control plane that remembers what it was told.
type member struct {
	*invalidateapi.Group
	conn *natsbus.Conn

	mu   sync.Mutex
	told []string
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

func TestEveryMemberHasForgottenWhenTellReturns(t *testing.T) {
	s := bustest.Start(t)
	var members []*member
	for range 5 {
		members = append(members, join(t, s))
	}
	bustest.Until(t, "all to know each other", func() bool {
		begin := time.Now()
		members[0].Tell(invalidateapi.Notice{Tokens: []string{"warm-up"}, Databases: []ayb.DatabasePath{{Entity: "a", Database: "b"}}})
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
		teller.Tell(invalidateapi.Notice{Tokens: []string{token}})
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
		members[0].Tell(invalidateapi.Notice{Tokens: []string{"x"}})
		return members[1].knows("x")
	})
	begin := time.Now()
	members[0].Tell(invalidateapi.Notice{Tokens: []string{"y"}})
	if d := time.Since(begin); d > invalidateapi.Patience/2 || !members[1].knows("y") {
		t.Errorf("telling took %s", d)
	}
}

func TestAMemberThatIsGoneIsWaitedForOnce(t *testing.T) {
	s := bustest.Start(t)
	a, b := join(t, s), join(t, s)
	bustest.Until(t, "a to know b", func() bool {
		a.Tell(invalidateapi.Notice{Tokens: []string{"x"}})
		return b.knows("x")
	})
	b.conn.Close() // as a killed process does
	bustest.Until(t, "b to distrust its memory", func() bool { return !b.Fresh() })
	begin := time.Now()
	a.Tell(invalidateapi.Notice{Tokens: []string{"y"}})
	a.Tell(invalidateapi.Notice{Tokens: []string{"z"}})
	if d := time.Since(begin); d > invalidateapi.Patience+time.Second {
		t.Errorf("two changes took %s", d)
	}
}

func TestNobodyToTell(t *testing.T) {
	a := join(t, bustest.Start(t))
	begin := time.Now()
	a.Tell(invalidateapi.Notice{All: true})
	if d := time.Since(begin); d > time.Second {
		t.Errorf("a lone member waited %s", d)
	}
}
