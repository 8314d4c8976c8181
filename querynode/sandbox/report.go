package sandbox

import "strings"

// Report is which parts of the isolation are in force. After [Apply] a field is
// true when the kernel accepted the restriction, after [Probe] when every
// forbidden action was refused. The zero value means that nothing is enforced.
// The probing process sends it as JSON to the query node.
type Report struct {
	// Filesystem: no file outside the writable directories can be opened,
	// created or removed.
	Filesystem bool `json:"filesystem"`
	// Network: no socket of any family can be made, connected or bound. Plain
	// TCP alone does not count, since MPTCP and UDP pass by it.
	Network bool `json:"network"`
	// Seccomp: no program or process can be started, no other process be
	// signalled or traced, and no system call used that is not listed.
	Seccomp bool `json:"seccomp"`
	// Rlimits: file size, memory, descriptors and core dumps are limited.
	Rlimits bool `json:"rlimits"`
	// NoNewPrivs: set-uid programs and file capabilities give nothing.
	NoNewPrivs bool `json:"no_new_privs"`
	// LandlockABI is the version the kernel offers, 0 when it offers none.
	LandlockABI int `json:"landlock_abi"`
	// Groups says in one phrase whether daemons have control groups. They share
	// the machine fairly, and are not a part of the sandbox. Empty when
	// unknown.
	Groups string `json:"groups,omitempty"`
	// Missing holds one phrase for each thing that is not enforced, fit for
	// an operator to read. Empty exactly when all of the above are true.
	Missing []string `json:"missing,omitempty"`
}

// Complete reports whether everything is enforced.
func (r Report) Complete() bool {
	return r.Filesystem && r.Network && r.Seccomp && r.Rlimits && r.NoNewPrivs && len(r.Missing) == 0
}

const frame = "========================================================================"

// StartupText returns the text that the server prints at its start, ending with
// a newline. For a complete report it is for standard output and warn is false.
// Otherwise it is a framed banner for standard error and warn is true.
func (r Report) StartupText() (text string, warn bool) {
	var b strings.Builder
	if r.Complete() {
		b.WriteString("isolation: Landlock (filesystem + network) + seccomp + setrlimit active\n")
		if r.Groups != "" {
			b.WriteString("isolation: " + r.Groups + "\n")
		}
		return b.String(), false
	}
	b.WriteString(frame + "\n")
	b.WriteString("WARNING: the isolation of database processes is degraded on this host.\n")
	b.WriteString("Not enforced:\n")
	for _, m := range r.missing() {
		b.WriteString("  - " + m + "\n")
	}
	if e := r.enforced(); len(e) > 0 {
		b.WriteString("Still enforced: " + strings.Join(e, ", ") + ".\n")
	}
	if r.Groups != "" {
		b.WriteString("Beside that: " + r.Groups + ".\n")
	}
	b.WriteString("Do not run multi-tenant workloads on this server.\n")
	b.WriteString(frame + "\n")
	return b.String(), true
}

// parts pairs each field with its name and with the phrase for its absence.
func (r Report) parts() []part {
	return []part{
		{r.Filesystem, "filesystem", "filesystem: queries are not confined to their own database's files"},
		{r.Network, "network", "network: connections are not refused"},
		{r.Seccomp, "seccomp", "system calls: starting programs and signalling other processes are not refused"},
		{r.Rlimits, "setrlimit", "resource limits: file size, memory and open files are not bounded"},
		{r.NoNewPrivs, "no-new-privileges", "privileges: set-uid programs are not disarmed"},
	}
}

type part struct {
	on           bool
	name, absent string
}

// missing returns r.Missing, or phrases for the fields that are false if a
// report has none, as the zero value.
func (r Report) missing() []string {
	if len(r.Missing) > 0 {
		return r.Missing
	}
	return r.absent("")
}

// absent lists the phrases of the fields that are false, each followed by why.
func (r Report) absent(why string) []string {
	var out []string
	for _, p := range r.parts() {
		if !p.on {
			out = append(out, p.absent+why)
		}
	}
	return out
}

func (r Report) enforced() []string {
	var out []string
	for _, p := range r.parts() {
		if p.on {
			out = append(out, p.name)
		}
	}
	return out
}
