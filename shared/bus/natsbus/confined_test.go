package natsbus_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/mux"
)

// captured is a bus with a node n1 that counts its calls, and with an attacker who
// has the password of one role.
type captured struct {
	*testing.T
	nc      *nats.Conn
	js      jetstream.JetStream
	role    natsbus.Role
	connect func(natsbus.Role) *natsbus.Conn
	// reached counts calls that change a database, harmless the other calls.
	reached, harmless atomic.Int64
	denied            chan error
}

// verbs are the calls of a node. The snapshotter may make the harmless ones.
var (
	verbs = []string{"database.create", "database.discard", "database.rename", "database.delete", "database.usage",
		"version.stage", "version.unstage", "version.publish", "deleted.delete", "deleted.undelete", "deleted.purge"}
	harmless = []string{"snapshot.change-tokens", "snapshot.prepare", "snapshot.upload", "snapshot.release", "snapshot.fetch"}
)

func capture(t *testing.T, role natsbus.Role) *captured {
	t.Helper()
	cred, err := natsbus.LoadOrMakeCredentials(filepath.Join(t.TempDir(), "c.json"))
	if err != nil {
		t.Fatal(err)
	}
	s := bustest.StartConfig(t, natsbus.ServerConfig{StoreDir: t.TempDir(), Listen: "127.0.0.1:0", Credentials: cred})
	c := &captured{T: t, role: role, denied: make(chan error, 1000)}
	c.connect = func(r natsbus.Role) *natsbus.Conn {
		conn := bustest.Connect(t, natsbus.ConnConfig{Role: r, URL: s.URL(), Credentials: cred})
		if err := conn.Connected(t.Context()); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	c.serve(c.connect(natsbus.QueryNode))
	c.nc, err = nats.Connect(s.URL(), nats.UserInfo(string(role), cred[role]), nats.CustomInboxPrefix("_INBOX_"+string(role)),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { c.denied <- err }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.nc.Close)
	if c.js, err = jetstream.New(c.nc, jetstream.WithDefaultTimeout(2*time.Second)); err != nil {
		t.Fatal(err)
	}
	return c
}

// serve is the node.
func (c *captured) serve(node *natsbus.Conn) {
	c.Helper()
	count := func(n *atomic.Int64) bus.Handler {
		return func(context.Context, []byte) ([]byte, error) { n.Add(1); return []byte("{}"), nil }
	}
	endpoints := []bus.Endpoint{{Name: "query", Subject: "ayb.v1.node.n1.query", Link: func(l mux.Link) bus.Peer {
		c.reached.Add(1)
		return &serverPeer{mux.NewServer(l, mux.Limits{MaxOpen: 1}, func(*mux.Call) {}), make(chan struct{})}
	}}}
	for _, v := range verbs {
		endpoints = append(endpoints, bus.Endpoint{Name: strings.ReplaceAll(v, ".", "-"), Subject: "ayb.v1.node.n1." + v, Handle: count(&c.reached)})
	}
	for _, v := range harmless {
		endpoints = append(endpoints, bus.Endpoint{Name: strings.ReplaceAll(v, ".", "-"), Subject: "ayb.v1.node.n1." + v, Handle: count(&c.harmless)})
	}
	stop, err := node.Serve(bus.Service{Name: "node", Version: "1.0.0", Endpoints: endpoints})
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(stop)
}

// refused sends a message that the bus must refuse, and waits for the refusal.
func (c *captured) refused(subject, reply string) {
	c.Helper()
	if err := c.nc.PublishMsg(&nats.Msg{Subject: subject, Reply: reply, Data: []byte(`{"path":"alice/shop"}`)}); err != nil {
		c.Fatal(err)
	}
	select {
	case err := <-c.denied:
		if !strings.Contains(err.Error(), subject) {
			c.Errorf("%s: %v", subject, err)
		}
	case <-time.After(20 * time.Second):
		c.Errorf("%s may publish on %s", c.role, subject)
	}
}

// settled waits until all messages sent before have reached the node.
func (c *captured) settled() {
	c.Helper()
	before := c.harmless.Load()
	conn := c.connect(natsbus.ControlPlane)
	for _, v := range harmless {
		if _, err := conn.Request(c.Context(), "ayb.v1.node.n1."+v, nil); err != nil {
			c.Fatal(err)
		}
	}
	if c.harmless.Load() < before+int64(len(harmless)) {
		c.Error("the node does not answer")
	}
}

// An attacker with the password of one role can use the subjects of that role only.
// In particular, the snapshotter cannot delete databases.
func TestPermissionsOfRoles(t *testing.T) {
	streams := []string{"MAIL", "SNAPSHOTS", "KV_nodes", "KV_snapshot_lease", "KV_snapshot_records"}
	calls := func(kinds ...string) (out []string) {
		for _, s := range streams {
			for _, k := range kinds {
				out = append(out, "$JS.API."+k+"."+s)
			}
		}
		return out
	}
	onNode := func(list ...string) (out []string) {
		for _, v := range list {
			out = append(out, "ayb.v1.node.n1."+v)
		}
		return out
	}
	everyone := append(calls("STREAM.DELETE", "STREAM.MSG.DELETE", "STREAM.SNAPSHOT", "STREAM.RESTORE", "CONSUMER.DURABLE.CREATE", "STREAM.LEADER.STEPDOWN"),
		"$JS.API.STREAM.CREATE.OTHER", "$JS.API.STREAM.UPDATE.OTHER", "$JS.API.STREAM.LIST", "$SYS.REQ.SERVER.PING", "_INBOX_mailer2.x", "other")
	for role, more := range map[natsbus.Role][]string{
		natsbus.Snapshotter: append(append(onNode(verbs...), calls("STREAM.CREATE", "STREAM.UPDATE")...),
			"ayb.v1.node.n1.query", "ayb.v1.node.n1.database.import", "ayb.v1.mail", "ayb.v1.invalidate.metadata", "ayb.v1.directory.other", "ayb.v1.snapshot.take",
			"$JS.API.STREAM.PURGE.MAIL", "$JS.API.STREAM.PURGE.SNAPSHOTS", "$JS.API.CONSUMER.DELETE.MAIL.mailer", "$JS.API.CONSUMER.MSG.NEXT.MAIL.mailer",
			"$JS.ACK.MAIL.mailer.1.1.1.1.1", "$KV.nodes.n1", "_INBOX_querynode.x", "_INBOX_mailer.x"),
		natsbus.QueryNode: append(append(onNode(append(verbs, harmless...)...), calls("STREAM.CREATE", "STREAM.UPDATE", "STREAM.PURGE")...),
			"ayb.v1.node.n1.query", "ayb.v1.mail", "ayb.v1.invalidate.metadata", "ayb.v1.directory.databases", "ayb.v1.snapshot.take", "$KV.snapshot_lease.schedule",
			"$JS.API.CONSUMER.MSG.NEXT.MAIL.mailer", "ayb.v1.snapshotjob.n1.x", "_INBOX_mailer.x"),
		natsbus.Mailer: append(append(onNode(append(verbs, harmless...)...), calls("STREAM.CREATE", "STREAM.UPDATE", "STREAM.PURGE", "CONSUMER.CREATE")...),
			"ayb.v1.node.n1.query", "ayb.v1.mail", "ayb.v1.invalidate.metadata", "ayb.v1.directory.databases", "ayb.v1.snapshot.take", "$KV.nodes.n1", "_INBOX_querynode.x"),
		natsbus.ControlPlane: append(calls("STREAM.PURGE", "CONSUMER.MSG.NEXT"), "$JS.ACK.MAIL.mailer.1.1.1.1.1", "$KV.nodes.n1", "$KV.snapshot_lease.schedule",
			"ayb.v1.snapshotjob.n1.x", "ayb.v1.other"),
	} {
		t.Run(string(role), func(t *testing.T) {
			c := capture(t, role)
			for _, subject := range append(everyone, more...) {
				c.refused(subject, c.nc.NewInbox())
			}
			for _, subject := range []string{"_INBOX_other.>", ">", "ayb.>", "ayb.v1.mail", "$JS.>", "$KV.>", "_INBOX_" + string(otherThan(role)) + ".>"} {
				sub, err := c.nc.SubscribeSync(subject)
				if err == nil {
					err = c.nc.FlushTimeout(20 * time.Second)
				}
				if err != nil {
					t.Fatal(err)
				}
				select {
				case err := <-c.denied:
					if !strings.Contains(err.Error(), subject) {
						t.Errorf("%s: %v", subject, err)
					}
				case <-time.After(20 * time.Second):
					t.Errorf("%s may listen to %s", role, subject)
				}
				_ = sub.Unsubscribe()
			}
			c.settled()
			if n := c.reached.Load(); n != 0 {
				t.Errorf("%d calls reached the node", n)
			}
		})
	}
}

func otherThan(r natsbus.Role) natsbus.Role {
	if r == natsbus.ControlPlane {
		return natsbus.Mailer
	}
	return natsbus.ControlPlane
}

// A reader can make the bus deliver stored messages to any subject, without a
// permission. So a node rejects calls without a role's inbox as the reply address:
// the snapshotter cannot delete a database in that way.
func TestStoredMessagesAreNoCalls(t *testing.T) {
	c := capture(t, natsbus.Snapshotter)
	deletion, err := json.Marshal(map[string]string{"path": "alice/shop"})
	if err != nil {
		t.Fatal(err)
	}
	targets := []string{"ayb.v1.node.n1.query"}
	for _, v := range verbs {
		targets = append(targets, "ayb.v1.node.n1."+v)
	}
	for i, target := range targets {
		// A job is fetched to the subject of the node.
		if _, err := c.js.Publish(t.Context(), "ayb.v1.snapshotjob.lane."+strconv.Itoa(i), deletion); err != nil {
			t.Fatal(err)
		}
		_, err := c.js.CreateOrUpdateConsumer(t.Context(), "SNAPSHOTS", jetstream.ConsumerConfig{
			Durable: "lane", FilterSubject: "ayb.v1.snapshotjob.lane.>", AckPolicy: jetstream.AckExplicitPolicy,
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.nc.PublishMsg(&nats.Msg{Subject: "$JS.API.CONSUMER.MSG.NEXT.SNAPSHOTS.lane", Reply: target, Data: []byte(`{"batch":1,"no_wait":true}`)}); err != nil {
			t.Fatal(err)
		}
		// A value is pushed to it.
		if _, err := c.js.Publish(t.Context(), "$KV.snapshot_records.x", deletion); err != nil {
			t.Fatal(err)
		}
		push := nats.NewMsg("$JS.API.CONSUMER.CREATE.KV_snapshot_records")
		push.Data, err = json.Marshal(map[string]any{"stream_name": "KV_snapshot_records", "config": map[string]any{
			"deliver_subject": target, "ack_policy": "none", "deliver_policy": "last", "replay_policy": "instant", "inactive_threshold": time.Minute + time.Duration(i),
		}})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.nc.RequestMsg(push, 20*time.Second)
		if err != nil || strings.Contains(string(resp.Data), `"error"`) {
			t.Logf("no push to %s: %v", target, err)
		}
		// The lease is read to it.
		if _, err := c.js.Publish(t.Context(), "$KV.snapshot_lease.schedule", deletion); err != nil {
			t.Fatal(err)
		}
		for _, call := range []string{"$JS.API.DIRECT.GET.KV_snapshot_lease.$KV.snapshot_lease.schedule", "$JS.API.STREAM.MSG.GET.KV_snapshot_lease"} {
			if err := c.nc.PublishMsg(&nats.Msg{Subject: call, Reply: target, Data: []byte(`{"last_by_subj":"$KV.snapshot_lease.schedule"}`)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.nc.FlushTimeout(20 * time.Second); err != nil {
			t.Fatal(err)
		}
	}
	c.settled()
	c.settled() // what the bus sends by itself goes another way
	if n := c.reached.Load(); n != 0 {
		t.Errorf("%d calls reached the node", n)
	}
}
