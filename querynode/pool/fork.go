package pool

import (
	"log/slog"
	"os/exec"

	"github.com/ayb-go/ayb/querynode/cgroup"
	"github.com/ayb-go/ayb/querynode/thread"
)

// forker starts processes from one thread that lives as long as the pool: the
// kernel kills a child with the thread that made it (PR_SET_PDEATHSIG), so a
// short-lived thread would take its daemons along. What the thread has, its
// children have too: a lower priority, no privileges, and the place among control
// groups.
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
		f.log.Warn("daemons are as important as the server", "err", err)
	}
	if err := dropCapabilities(); err != nil {
		f.log.Warn("daemons have the privileges of the server", "err", err)
	}
	for j := range f.jobs {
		if j.group != nil {
			j.reply <- j.group.Start(j.cmd)
			continue
		}
		j.reply <- j.cmd.Start()
	}
}

// start starts the command, in a group if there is one.
func (f *forker) start(cmd *exec.Cmd, group *cgroup.Group) error {
	j := forkJob{cmd, group, make(chan error, 1)}
	f.jobs <- j
	return <-j.reply
}

func (f *forker) close() {
	close(f.jobs)
	<-f.done
}
