package front

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// capped is a server whose connections are bounded; it answers with "ok" once
// the request's body has come.
func capped(t *testing.T, cfg Config) string {
	t.Helper()
	ln, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{ConnState: trackIdle, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			_, _ = io.WriteString(w, "ok")
		})}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(newConnections(ln, cfg)) }()
	t.Cleanup(func() {
		_ = srv.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return ln.Addr().String()
}

// dial connects from an address of this machine.
func dial(t *testing.T, from, to string) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := d.DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return conn
}

const (
	wholeRequest = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
	begunRequest = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
)

// ask sends a request and gives the first answer.
func ask(t *testing.T, conn net.Conn, request string) (status int, body string) {
	t.Helper()
	if _, err := io.WriteString(conn, request); err != nil {
		return 0, err.Error()
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err.Error()
	}
	if resp.StatusCode == http.StatusContinue {
		return resp.StatusCode, ""
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.Body.Close() != nil {
		return 0, "broken"
	}
	return resp.StatusCode, string(text)
}

// Connections with unfinished requests do not lock out other clients.
func TestConnectionsOfAnAddressAreBounded(t *testing.T) {
	at := capped(t, Config{ConnectionsPerAddress: 4})
	var begun []net.Conn
	for range 4 {
		c := dial(t, "127.0.0.2", at)
		if status, text := ask(t, c, begunRequest); status != 100 {
			t.Fatal(status, text)
		}
		begun = append(begun, c)
	}
	status, text := ask(t, dial(t, "127.0.0.2", at), wholeRequest)
	if status != 429 || !strings.Contains(text, "limit of 4 connections") || !strings.Contains(text, "limits.connections_per_address") {
		t.Errorf("a fifth connection: %d %s", status, text)
	}
	if status, text := ask(t, dial(t, "127.0.0.3", at), wholeRequest); status != 200 {
		t.Errorf("another address: %d %s", status, text)
	}
	_ = begun[0].Close()
	for until := time.Now().Add(20 * time.Second); ; {
		if status, _ = ask(t, dial(t, "127.0.0.2", at), wholeRequest); status == 200 {
			break
		}
		if time.Now().After(until) {
			t.Fatalf("no room after a connection ended: %d", status)
		}
	}
}

// When all connections are in use, an idle one is closed, and first one of the
// address with the most connections.
func TestIdleConnectionsGiveWay(t *testing.T) {
	at := capped(t, Config{Connections: 4})
	var many []net.Conn
	for range 3 {
		c := dial(t, "127.0.0.2", at)
		if status, text := ask(t, c, wholeRequest); status != 200 {
			t.Fatal(status, text)
		}
		many = append(many, c)
	}
	one := dial(t, "127.0.0.3", at)
	if status, text := ask(t, one, wholeRequest); status != 200 {
		t.Fatal(status, text)
	}
	for i := range 2 {
		if status, text := ask(t, dial(t, "127.0.0.4", at), begunRequest); status != 100 {
			t.Fatalf("newcomer %d: %d %s", i, status, text)
		}
	}
	if status, text := ask(t, one, wholeRequest); status != 200 {
		t.Errorf("the only connection of its address was closed: %d %s", status, text)
	}
	left := 0
	for _, c := range many {
		if status, _ := ask(t, c, wholeRequest); status == 200 {
			left++
		}
	}
	if left != 1 {
		t.Errorf("%d of 3 idle connections are left", left)
	}
}

// An address has no more busy connections than are free for other addresses.
func TestAddressesShareConnections(t *testing.T) {
	at := capped(t, Config{Connections: 16})
	for n, want := range []int{8, 4, 2, 1} {
		from := fmt.Sprintf("127.0.3.%d", n+1)
		for i := range want {
			if status, text := ask(t, dial(t, from, at), begunRequest); status != 100 {
				t.Fatalf("connection %d of %s: %d %s", i, from, status, text)
			}
		}
		status, text := ask(t, dial(t, from, at), wholeRequest)
		if status != 429 || !strings.Contains(text, "its share of the 16 of the server") {
			t.Errorf("one more of %s: %d %s", from, status, text)
		}
	}
	if status, text := ask(t, dial(t, "127.0.3.9", at), wholeRequest); status != 200 {
		t.Errorf("a newcomer: %d %s", status, text)
	}
}

// With none that is idle the newcomer is told.
func TestNoConnectionIsLeft(t *testing.T) {
	at := capped(t, Config{Connections: 2})
	for _, from := range []string{"127.0.0.2", "127.0.0.4"} {
		if status, text := ask(t, dial(t, from, at), begunRequest); status != 100 {
			t.Fatal(status, text)
		}
	}
	status, text := ask(t, dial(t, "127.0.0.3", at), wholeRequest)
	if status != 503 || !strings.Contains(text, "All 2 connections of the server are in use") {
		t.Errorf("%d %s", status, text)
	}
}

// Connections of a trusted proxy are those of many clients: these are counted.
func TestClientsOfAProxyAreBounded(t *testing.T) {
	proxies := []netip.Prefix{netip.MustParsePrefix("127.0.0.9/32")}
	cfg := Config{ConnectionsPerAddress: 2, TrustedProxies: proxies}
	at := capped(t, cfg)
	for range 4 {
		if status, text := ask(t, dial(t, "127.0.0.9", at), begunRequest); status != 100 {
			t.Fatal(status, text)
		}
	}
	f := &Front{cfg: cfg, address: addressReader(proxies)}
	count := newClients(cfg)
	enter := func(r *http.Request) (func(), error) { return count.enter(r, f.clientAddress(r)) }
	request := func(from, client string) *http.Request {
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.RemoteAddr = from + ":1"
		r.Header.Set("X-Forwarded-For", client)
		return r
	}
	var leave []func()
	for range 2 {
		end, err := enter(request("127.0.0.9", "192.0.2.1"))
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, end)
	}
	if _, err := enter(request("127.0.0.9", "192.0.2.1")); err == nil {
		t.Error("a third request of the client is taken")
	}
	for _, r := range []*http.Request{request("127.0.0.9", "192.0.2.2"), request("127.0.0.8", "192.0.2.1")} {
		if _, err := enter(r); err != nil {
			t.Errorf("%s: %v", r.RemoteAddr, err)
		}
	}
	leave[0]()
	if _, err := enter(request("127.0.0.9", "192.0.2.1")); err != nil {
		t.Error(err)
	}
}
