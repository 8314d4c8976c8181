// Package bus says what the processes of ayb may expect of the bus between
// them: calls with one answer, frame links for streamed answers, durable work
// queues and a board where nodes show that they live. natsbus provides it over
// NATS; contracts (nodeapi, mailapi) put types on top.
//
// A call always has a deadline, and the callee is given a little less, so that
// it can still say what timed out. Errors keep their code on the way. When
// nobody serves a subject the caller gets Unavailable at once.
package bus

import (
	"context"
	"time"

	"github.com/ayb-go/ayb/shared/mux"
)

// MaxMessage is the largest payload of one message. Calls and answers that
// are larger get TooLarge; bulk data travels on links.
const MaxMessage = 1 << 20

// DefaultTimeout is the deadline of a call whose context has none.
const DefaultTimeout = 10 * time.Second

// Margin is what a callee gets less than its caller's deadline.
const Margin = 20 * time.Millisecond

// Requester makes calls.
type Requester interface {
	// Request sends data and waits for the one answer. Errors: Unavailable
	// when nobody serves the subject or the bus is out of reach, Timeout,
	// TooLarge, or what the callee answered.
	Request(ctx context.Context, subject string, data []byte) ([]byte, error)
}

// Handler answers one call. It runs in a bounded pool, several at once.
type Handler func(ctx context.Context, data []byte) ([]byte, error)

// Endpoint is one subject a service answers on. Exactly one of Handle and
// Link is set.
type Endpoint struct {
	// Name is what tools show: letters, digits, `-` and `_`.
	Name    string
	Subject string
	// Handle answers calls.
	Handle Handler
	// Link accepts links: it is called once for each peer and gives the
	// handler of that peer's frames.
	Link func(peer mux.Link) Peer
}

// Service is a set of endpoints under one name. Several processes may serve
// the same one; each call reaches one of them.
type Service struct {
	Name        string
	Version     string // semantic version, required by the bus
	Description string
	Endpoints   []Endpoint
}

// Responder serves.
type Responder interface {
	// Serve registers the service until stop is called; stop waits for the
	// handlers that run.
	Serve(s Service) (stop func(), err error)
}

// Peer is one end of a link as its owner sees it.
type Peer interface {
	// Frames takes a batch of whole frames. Batches of one peer arrive one
	// after another; the batch is not reused afterwards. It must not block.
	Frames(batch []byte)
	// Busy tells whether streams are open. The link checks that the other
	// side lives only while they are.
	Busy() bool
	// Down says that the other side is gone or has forgotten all streams.
	// The link may come up again by itself; for the accepting side it does not.
	Down(err error)
}

// Caller is the calling end of a link.
type Caller interface {
	Peer
	// Restarted says that another process than before answers, or one that
	// has lost its connection meanwhile. It may have taken the newest requests
	// and knows nothing of the older ones.
	Restarted()
}

// Dialer makes links to services.
type Dialer interface {
	// Dial makes a link to the endpoint on the subject; at does not wait for
	// the other side. peer is told what arrives. close ends the link.
	Dial(subject string, peer Caller) (link mux.Link, closeLink func(), err error)
}

// Broadcaster talks to every process that listens on a subject.
type Broadcaster interface {
	// Publish says something to all, the speaker included.
	Publish(subject string, data []byte) error
	// Subscribe hears what is said until stop is called, one message after
	// another. A non-nil answer goes to the speaker if it asked.
	Subscribe(subject string, hear func(data []byte) (answer []byte)) (stop func(), err error)
	// Ask says something to all and collects their answers.
	Ask(subject string, data []byte) (Answers, error)
}

// Answers are the answers to a broadcast, for one goroutine.
type Answers interface {
	// Next waits for one more answer. The error is ctx's.
	Next(ctx context.Context) ([]byte, error)
	// Close ends the collection.
	Close()
}

// Queue is a durable work queue: a job stays until a worker has done it.
type Queue interface {
	// Put stores a job durably. id makes putting it twice harmless. The error
	// is Unavailable when it is not stored.
	Put(ctx context.Context, id string, data []byte) error
	// Work takes jobs one after another until ctx ends. do returns nil when
	// the job is done for good, Later to try again after a while; another
	// error too is tried again, with growing delay.
	Work(ctx context.Context, do func(ctx context.Context, job Job) error) error
}

// Job is one job as a worker sees it.
type Job struct {
	ID      string
	Data    []byte
	Attempt int // 1 the first time
}

// PartitionedQueue are a durable work queue in lanes. Of one lane only so many jobs are
// under way at a time, whoever works on them; and a job is there once, however
// often it is put, until it is done. Jobs that nobody does vanish after a day.
type PartitionedQueue interface {
	// Put stores a job durably; one that waits or is under way stays as it is.
	// lane is letters, digits, - and _; id is any text. The error is
	// Unavailable when it is not stored.
	Put(ctx context.Context, lane, id string, data []byte) error
	// Work takes jobs of a lane one after another until ctx ends, as
	// Queue.Work does. A job whose worker dies goes to another soon.
	Work(ctx context.Context, lane string, do func(ctx context.Context, job Job) error) error
}

// Lease is a right that one process at a time has.
type Lease interface {
	// Hold waits for the lease and calls do while this process has it, until
	// ctx ends. The context of do ends when the lease is lost, which may be
	// noticed by others only seconds later; do is called again when the lease
	// is back.
	Hold(ctx context.Context, do func(ctx context.Context)) error
}

// KeyValue are small facts that outlive processes and may be lost without harm.
type KeyValue interface {
	// Put keeps a value under a key, which is any text; nil removes it.
	// The error is Unavailable.
	Set(ctx context.Context, key string, value []byte) error
	// All gives all of them. The error is Unavailable.
	All(ctx context.Context) (map[string][]byte, error)
}

// Registry is where processes of one kind show their state under their own key.
// Entries vanish when they are not renewed.
type Registry interface {
	// Put writes the entry of a key.
	Set(ctx context.Context, key string, value []byte) error
	// Watch reports every entry as it is and as it changes, a nil value for
	// one that vanished, until ctx ends. It heals by itself after gaps.
	Watch(ctx context.Context, seen func(key string, value []byte)) error
}
