package config

import (
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// Role says which part of the server a configuration is read for. What only
// another role needs may then be missing: a query node's machine has no use
// for the keys and passwords of the others.
type Role string

// The roles.
const (
	RoleControlPlane Role = "controlplane"
	RoleQueryNode    Role = "querynode"
	RoleSnapshotter  Role = "snapshotter"
	RoleMailer       Role = "mailer"
	// RoleAdmin is no part of the server: a program beside it, which needs to
	// know where the metadata is and what limits hold.
	RoleAdmin Role = "admin"
)

// Load reads a configuration: the defaults, then the file, then the
// environment (in the form of os.Environ), then flags, which are values by the
// paths of their keys. A file that does not exist is a fault only when it is
// required. Without roles everything is required that any role needs.
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

// needs says what has to be there.
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
