package natsbus

import (
	"slices"
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// inbox is where a role receives answers. Each role has its own prefix, so
// that none can listen to another's.
func inbox(r Role) string { return inboxes + string(r) }

const inboxes = "_INBOX_"

// fromRole reports whether an answer to this address goes to a role. The bus itself
// passes on what it has stored, to any subject that whoever may read it names:
// without an address, or with one that settles a job. So what does not want an
// answer at a role's inbox was not asked by anybody who may ask.
func fromRole(reply string) bool {
	rest, ok := strings.CutPrefix(reply, inboxes)
	role, _, dot := strings.Cut(rest, ".")
	return ok && dot && slices.Contains(roles(), Role(role))
}

// permissions are the exact subjects of each role. Whoever takes a process over
// can do with its user what is here, and no more.
func permissions(r Role) *server.Permissions {
	may := map[Role]func() (publish, subscribe []string){
		ControlPlane: controlPlane, QueryNode: queryNode, Snapshotter: snapshotter, Mailer: mailer,
	}
	publish, subscribe := may[r]()
	// A service answers who asks for its name and its statistics.
	subscribe = append(subscribe, inbox(r)+".>", "$SRV.>")
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: publish},
		Subscribe: &server.SubjectPermission{Allow: subscribe},
	}
}

// controlPlane asks all others, tells other control planes what has changed,
// queues mail, follows the board, and makes what the roles need on the bus. It
// takes no job and settles none.
func controlPlane() (publish, subscribe []string) {
	publish = []string{"ayb.v1.node.*.query", "ayb.v1.node.*.database.*", "ayb.v1.node.*.version.*", "ayb.v1.node.*.deleted.*", "ayb.v1.node.*.snapshot.*", "ayb.v1.snapshot.*", "ayb.v1.mail", "ayb.v1.invalidate.*", "$JS.API.INFO"}
	for _, other := range roles() { // control planes answer each other, too
		publish = append(publish, inbox(other)+".>")
	}
	for _, stream := range []string{mailStream, snapshotStream, "KV_" + registryBucket, "KV_" + leaseBucket, "KV_" + recordBucket} {
		publish = append(publish, streamCalls(stream, "STREAM.INFO", "STREAM.CREATE", "STREAM.UPDATE")...)
	}
	publish = append(publish, streamCalls(mailStream, "CONSUMER.INFO", "CONSUMER.CREATE")...)
	return append(publish, follows(registryBucket)...), []string{"ayb.v1.directory.*", "ayb.v1.invalidate.*"}
}

// queryNode answers, and shows that it lives.
func queryNode() (publish, subscribe []string) {
	publish = []string{inbox(ControlPlane) + ".>", inbox(Snapshotter) + ".>", "$JS.API.STREAM.INFO.KV_" + registryBucket, "$KV." + registryBucket + ".>"}
	return publish, []string{"ayb.v1.node.*.query", "ayb.v1.node.*.database.*", "ayb.v1.node.*.version.*", "ayb.v1.node.*.deleted.*", "ayb.v1.node.*.snapshot.*"}
}

// snapshotter asks nodes for what snapshots need: no call that changes what a
// database is, and no query. It works on the queue of snapshots and has their
// lease and their records.
func snapshotter() (publish, subscribe []string) {
	publish = []string{inbox(ControlPlane) + ".>", "ayb.v1.directory.databases", "ayb.v1.node.*.snapshot.*", snapshotSubject + ".>", "$JS.ACK." + snapshotStream + ".>"}
	publish = append(publish, streamCalls(snapshotStream, "CONSUMER.CREATE", "CONSUMER.MSG.NEXT")...)
	publish = append(publish, "$KV."+leaseBucket+".>", "$KV."+recordBucket+".>")
	publish = append(publish, streamCalls("KV_"+leaseBucket, "STREAM.INFO", "STREAM.PURGE", "STREAM.MSG.GET", "DIRECT.GET")...)
	publish = append(publish, streamCalls("KV_"+recordBucket, "STREAM.INFO", "STREAM.PURGE", "CONSUMER.CREATE", "CONSUMER.DELETE", "CONSUMER.MSG.NEXT")...)
	return append(publish, follows(registryBucket)...), []string{"ayb.v1.snapshot.*"}
}

// mailer takes mail from the queue, settles it, and tells who waits for it.
func mailer() (publish, subscribe []string) {
	publish = []string{inbox(ControlPlane) + ".>", "$JS.ACK." + mailStream + ".>"}
	return append(publish, streamCalls(mailStream, "STREAM.INFO", "CONSUMER.INFO", "CONSUMER.MSG.NEXT")...), nil
}

// follows are the calls of who follows a board.
func follows(bucket string) []string {
	stream := "KV_" + bucket
	return append(streamCalls(stream, "STREAM.INFO", "CONSUMER.CREATE", "CONSUMER.DELETE", "CONSUMER.INFO"), "$JS.FC."+stream+".>")
}

// streamCalls are the subjects of calls of the bus about one stream: a call is
// about the stream itself or about something of it.
func streamCalls(stream string, calls ...string) []string {
	var out []string
	for _, c := range calls {
		out = append(out, "$JS.API."+c+"."+stream, "$JS.API."+c+"."+stream+".>")
	}
	return out
}
