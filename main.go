// Command ayb hosts SQLite databases for many people: register with a mail
// address, create a database, query it from the command line or over HTTP,
// share it, and take the file home.
//
// A server consists of roles, which talk over a NATS bus. `ayb all-in-one`
// runs them in one process; each is also a binary of its own.
//
//	controlplane  the HTTP API; accounts, tokens and permissions
//	querynode     the files of databases; a sandboxed daemon for each in use
//	mailer        delivers mail
//
// `ayb client` talks to a server.
package main

import (
	"os"

	"github.com/ayb-go/ayb/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
