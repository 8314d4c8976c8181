package config

import (
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// Role is a part of the server for which a configuration is read. Keys that only
// other roles need may be missing: the machine of a query node does not need the
// keys and passwords of the control plane.
type Role string

// The roles.
const (
	RoleControlPlane Role = "controlplane"
	RoleQueryNode    Role = "querynode"
	RoleSnapshotter  Role = "snapshotter"
	RoleMailer       Role = "mailer"
	// RoleAdmin is the admin command. It is not a part of the server, but needs
	// the address of the metadata and the limits.
	RoleAdmin Role = "admin"
)

// Load reads a configuration: the defaults, then the file, then the environment
// (in the form of os.Environ), then flags (values by the paths of their keys). A
// missing file is a fault only when it is required. Without roles, the keys that
// any role needs are required.
//
// The error is an *Error that holds all faults.
func Load(filename string, required bool, environ []string, flags map[string]any, roles ...Role) (Server, error) {
	found := &faults{}
	r := reader{schema: newSchema(), faults: found}
	fromFile, readable := r.file(filename, required)
	k := koanf.New(".")
	layers := []koanf.Provider{
		confmap.Provider(fromFile, ""),
		env.Provider(".", env.Opt{TransformFunc: r.env, EnvironFunc: func() []string { return environ }}),
		confmap.Provider(r.flags(flags), "."),
	}
	for _, layer := range layers {
		if err := k.Load(layer, nil); err != nil {
			found.add("", "the values cannot be put together: %v", err)
		}
	}
	s := baseDefaults()
	s.enableSections(k.Exists)
	if err := k.Unmarshal("", &s); err != nil {
		found.add("", "the values cannot be put together: %v", err)
	}
	s.fillDerived()
	if readable {
		check{&s, found}.checkAll(needsOf(roles))
	}
	if len(found.list) > 0 {
		return Server{}, &Error{Source: filename, Faults: found.list}
	}
	return s, nil
}

// needs are the parts of a configuration that are required.
type needs struct{ tokens, mail, bus bool }

func needsOf(roles []Role) needs {
	if len(roles) == 0 {
		return needs{tokens: true, mail: true}
	}
	n := needs{bus: true}
	for _, r := range roles {
		switch r {
		case RoleControlPlane:
			n.tokens, n.bus = true, false
		case RoleMailer:
			n.mail = true
		case RoleAdmin:
			n.bus = false
		case RoleQueryNode, RoleSnapshotter:
		}
	}
	return n
}
