package pool

import (
	"log/slog"
	"os/exec"

	"github.com/ayb-go/ayb/querynode/cgroup"
	"github.com/ayb-go/ayb/querynode/thread"
)

// forker starts processes from one thread that lives as long as the pool. The
// kernel kills a child when the thread that made it ends (PR_SET_PDEATHSIG).
// Children inherit the thread's priority, its lack of privileges and its
// control groups.
type forker struct {
	log  *slog.Logger
	jobs chan forkJob
	done chan struct{}
}

type forkJob struct {
	cmd   *exec.Cmd
	group *cgroup.Group // nil for none
	reply chan error
}

func newForker(log *slog.Logger) *forker {
	f := &forker{log: log, jobs: make(chan forkJob), done: make(chan struct{})}
	go func() {
		defer close(f.done)
		thread.Run(f.serve)
	}()
	return f
}

func (f *forker) serve() {
	if err := lowerDaemonPriority(); err != nil {
		f.log.Warn("could not lower the priority of query daemons; they compete with the server for the processors", "err", err)
	}
	if err := dropCapabilities(); err != nil {
		f.log.Warn("could not drop the capabilities of query daemons; they keep those of the server", "err", err)
	}
	for j := range f.jobs {
		if j.group != nil {
			j.reply <- j.group.Start(j.cmd)
			continue
		}
		j.reply <- j.cmd.Start()
	}
}

// start starts a command, in a group unless group is nil.
func (f *forker) start(cmd *exec.Cmd, group *cgroup.Group) error {
	j := forkJob{cmd, group, make(chan error, 1)}
	f.jobs <- j
	return <-j.reply
}

func (f *forker) close() {
	close(f.jobs)
	<-f.done
}
