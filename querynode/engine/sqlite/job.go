package sqlite

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/daemonapi"
)

// Stop says why a job has to stop.
type StopReason uint8

const (
	NotStopped StopReason = iota
	Canceled
	TimedOut
	Closing
)

// NoDeadline is a deadline that is not reached.
const NoDeadline = math.MaxInt64

// Interrupter is a connection as a job sees it while it holds one.
type Interrupter interface{ Interrupt() }

// Job is one request: statements and how to run them. It is for one Run.
type Job struct {
	JobOptions
	Batch daemonapi.Batch

	// Deadline is when engine time is used up, on the clock of the DB.
	Deadline atomic.Int64

	mu     sync.Mutex
	why    StopReason
	target Interrupter   // holds the job's connection; nil when it has none
	woken  chan struct{} // closed when a waiting job has to stop
}

// JobOptions are how a request is run.
type JobOptions struct {
	// Mode is what the caller may do, whatever the text says: anything but
	// ayb.QueryReadWrite cannot write.
	Mode ayb.QueryLevel
	// Format is the form of the answer.
	Format daemonapi.Format
	// Timeout bounds the time the engine works on the request, not the time
	// its Sink takes, and apart from that the time it waits for its turn; 0
	// is no limit.
	Timeout time.Duration
	// ResultBytes bounds an answer that is one document: FormatCompat or
	// FormatJSON. 0 is no limit.
	ResultBytes int64
}

// NewJob makes a request. Plain SQL text is a batch of that one statement
// which is a Script and Atomic.
func NewJob(b daemonapi.Batch, o JobOptions) *Job {
	j := &Job{JobOptions: o, Batch: b}
	j.Deadline.Store(NoDeadline)
	return j
}

// Running tells whether the job has a connection at this moment; else it
// waits for one, or is done. It may be called by any goroutine.
func (j *Job) Running() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.target != nil
}

// Cancel stops the job: Run returns a Canceled error soon, unless the job is
// already done. It may be called by any goroutine, at any time, also before
// Run and after it, and more than once.
func (j *Job) Cancel() { j.Stop(Canceled) }

// Stop makes the job stop for a reason; the first reason stays. Called again
// it interrupts again, which costs nothing and helps when the first time hit
// the moment between two statements.
func (j *Job) Stop(why StopReason) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.why == NotStopped {
		j.why = why
		if j.woken != nil {
			close(j.woken)
		}
	}
	if j.target != nil {
		j.target.Interrupt()
	}
}

// Attach gives the job its connection, which Cancel then interrupts. It returns
// false if the job has to stop already. Only between hold and drop can an
// interrupt reach the connection, so it never hits another job.
func (j *Job) Attach(c Interrupter) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.why != NotStopped {
		return false
	}
	j.target = c
	return true
}

func (j *Job) Detach() {
	j.mu.Lock()
	j.target = nil
	j.mu.Unlock()
}

// Reason is why the job has to stop, NotStopped if it need not.
func (j *Job) Reason() StopReason {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.why
}

// StopSignal gives a channel that is closed when the job has to stop.
func (j *Job) StopSignal() <-chan struct{} {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.woken == nil {
		j.woken = make(chan struct{})
		if j.why != NotStopped {
			close(j.woken)
		}
	}
	return j.woken
}
