// Package config is the server's configuration file: its schema, its defaults,
// where values come from and the check of the whole. It starts nothing, opens
// nothing that a value names, and keeps no state.
//
// One file, ayb.toml, serves every role, whether they run in one process or as
// binaries of their own. Its schema is therefore one struct, Server, and lives
// here, not in the roles' packages; a role's launch package picks the values
// its role needs and hands them on in the role's own Config.
//
// Values come from four layers, the later one wins: the defaults, the file
// (TOML), the environment (AYB__SECTION__KEY, any case) and the command line.
// Text from the environment is read by the type of the key it is for, never by
// what it looks like: a password 00123 stays 00123. A key nobody knows is
// refused, and all faults of a configuration are reported together.
package config
