// Package config reads the configuration of the server: the schema, the defaults,
// the sources of values, and the checks. It keeps no state, and does not open
// the files and addresses that the values name.
//
// One file, ayb.toml, serves all roles, in one process or in several. So its
// schema is one struct, Server, and is here and not in the packages of the
// roles. The launch package of a role copies the values that the role needs into
// the role's own Config.
//
// Values come from four sources, and a later one wins: the defaults, the file
// (TOML), the environment (AYB__SECTION__KEY, any case) and the command line.
// Text from the environment is parsed by the type of its key: a password 00123
// stays 00123. Unknown keys are refused. All faults of a configuration are
// reported together.
package config
