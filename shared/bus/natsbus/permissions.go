package natsbus

import (
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// inbox returns the prefix of the addresses on which a role receives answers. No
// role may subscribe to the prefix of another.
func inbox(r Role) string { return inboxes + string(r) }

const inboxes = "_INBOX_"

// fromRole reports whether a reply address is the inbox of a role. A call must have
// such an address. A role with read access to a stream can make the bus deliver
// stored messages to any subject, but without a reply address, or with one that
// acknowledges a job. Such messages must not count as calls.
func fromRole(reply string) bool {
	rest, ok := strings.CutPrefix(reply, inboxes)
	role, _, dot := strings.Cut(rest, ".")
	return ok && dot && slices.Contains(roles(), Role(role))
}

// permissions returns the exact subjects of a role. An attacker in a process of the
// role can do this and no more.
func permissions(r Role) *server.Permissions {
	may := map[Role]func() (publish, subscribe []string){
		ControlPlane: controlPlane, QueryNode: queryNode, Snapshotter: snapshotter, Mailer: mailer,
	}
	publish, subscribe := may[r]()
	// A service answers requests for its name and its statistics.
	subscribe = append(subscribe, inbox(r)+".>", "$SRV.>")
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish},
		Subscribe: &server.SubjectPermission{Allow: subscribe},
	}
}

// controlPlane calls all other roles, broadcasts changes to other control planes,
// queues mail, watches the registry, and creates the streams of all roles. It may
// not take or acknowledge jobs.
func controlPlane() (publish, subscribe []string) {
	publish = []string{"ayb.v1.node.*.query", "ayb.v1.node.*.database.*", "ayb.v1.node.*.version.*", "ayb.v1.node.*.deleted.*", "ayb.v1.node.*.snapshot.*", "ayb.v1.snapshot.*", "ayb.v1.mail", "ayb.v1.invalidate.*", "$JS.API.INFO"}
	for _, other := range roles() { // control planes also answer each other
		publish = append(publish, inbox(other)+".>")
	}
	for _, stream := range []string{mailStream, snapshotStream, "KV_" + registryBucket, "KV_" + leaseBucket, "KV_" + recordBucket} {
		publish = append(publish, streamCalls(stream, "STREAM.INFO", "STREAM.CREATE", "STREAM.UPDATE")...)
	}
	publish = append(publish, streamCalls(mailStream, "CONSUMER.INFO", "CONSUMER.CREATE")...)
	return append(publish, follows(registryBucket)...), []string{"ayb.v1.directory.*", "ayb.v1.invalidate.*"}
}

// queryNode answers calls and writes the registry.
func queryNode() (publish, subscribe []string) {
	publish = []string{inbox(ControlPlane) + ".>", inbox(Snapshotter) + ".>", "$JS.API.STREAM.INFO.KV_" + registryBucket, "$KV." + registryBucket + ".>"}
	return publish, []string{"ayb.v1.node.*.query", "ayb.v1.node.*.database.*", "ayb.v1.node.*.version.*", "ayb.v1.node.*.deleted.*", "ayb.v1.node.*.snapshot.*"}
}

// snapshotter makes the calls to nodes that snapshots need, but no query and no call
// that changes a database. It works on the queue of snapshots and writes their
// lease and their records.
func snapshotter() (publish, subscribe []string) {
	publish = []string{inbox(ControlPlane) + ".>", "ayb.v1.directory.databases", "ayb.v1.node.*.snapshot.*", snapshotSubject + ".>", "$JS.ACK." + snapshotStream + ".>"}
	publish = append(publish, streamCalls(snapshotStream, "CONSUMER.CREATE", "CONSUMER.MSG.NEXT")...)
	publish = append(publish, "$KV."+leaseBucket+".>", "$KV."+recordBucket+".>")
	publish = append(publish, streamCalls("KV_"+leaseBucket, "STREAM.INFO", "STREAM.PURGE", "STREAM.MSG.GET", "DIRECT.GET")...)
	publish = append(publish, streamCalls("KV_"+recordBucket, "STREAM.INFO", "STREAM.PURGE", "CONSUMER.CREATE", "CONSUMER.DELETE", "CONSUMER.MSG.NEXT")...)
	return append(publish, follows(registryBucket)...), []string{"ayb.v1.snapshot.*"}
}

// mailer takes mail from the queue, acknowledges it, and notifies waiting senders.
func mailer() (publish, subscribe []string) {
	publish = []string{inbox(ControlPlane) + ".>", "$JS.ACK." + mailStream + ".>"}
	return append(publish, streamCalls(mailStream, "STREAM.INFO", "CONSUMER.INFO", "CONSUMER.MSG.NEXT")...), nil
}

// follows returns the calls of a watch on a bucket.
func follows(bucket string) []string {
	stream := "KV_" + bucket
	return append(streamCalls(stream, "STREAM.INFO", "CONSUMER.CREATE", "CONSUMER.DELETE", "CONSUMER.INFO"), "$JS.FC."+stream+".>")
}

// streamCalls returns the subjects of API calls for one stream and its parts.
func streamCalls(stream string, calls ...string) []string {
	var out []string
	for _, c := range calls {
		out = append(out, "$JS.API."+c+"."+stream, "$JS.API."+c+"."+stream+".>")
	}
	return out
}
