// Command bench compares an ayb server with a floor: a minimal program that does
// the same work. The floor is one process with net/http and go-sqlite3, without
// accounts, bus and sandbox, so the difference is their cost.
//
// Both servers have the same tables, get the same requests, and return the same
// answers; both use WAL and synchronous=FULL. Every answer is compared with the
// expected one. If a part of it cannot be known, as in the cost of a batch, the
// known parts are compared. The load comes from one thread of this process. It
// drives all connections with epoll and raw system calls, because on two cores a
// heavy client would hide the difference between the servers. A request is sent
// when the previous answer on its connection is complete, so latency and
// throughput are those of full load.
//
// Rounds alternate: floor, ayb, floor, ayb, …, after a warm-up of each, so that
// a disturbance of the machine affects both. Results are medians over rounds.
// The ratio of the medians is the result; absolute figures depend on the
// machine. The lowest and highest ratio of a round show how reliable it is.
// Percentiles are over all requests of all rounds. A table shows the processor
// time of each process per request, including the generator.
//
// Works:
//
//	read    one row of 10 000 by its key, the key a random literal in the text
//	insert  one row, acknowledged when it is on disk
//	batch   1000 rows in one JSON request with parameters; the floor decodes it
//	        with encoding/json and prepares the statement once
//	stream  a result of 1 000 000 rows, with the peak memory of every process
//	ndjson  the same as NDJSON with typed values
//	spread  read, each request in a random one of 64 databases; for the floor
//	        64 files in one process with a connection each
//	noisy   point reads of one account while another one overloads the server
//	cold    the first query on databases whose daemon does not run
//	idle    private memory of daemons that have answered one query
//	pages   the page of a table, compared with its query over the API
//	hosted  the cost of 10 000 unused databases, compared with a server without
//	        databases, also after a restart
//
// The last three have a server of their own and no floor.
//
// Works about complete databases, which run only on request:
//
//	large       import, snapshot, restore, export and fork of 2 GB, with the
//	            memory of every process, compared with SQLite and zstd
//	csv         import of 1 GB of CSV
//	background  durable inserts during snapshots and exports of their database
//
// Works about hostile and endless requests, also only on request:
//
//	abuse  point reads of one account while others occupy the server's resources
//	stop   the time until a statement that has reached its time limit, or whose
//	       client has disconnected, frees its connection, as a multiple of the
//	       time of a small statement
//
// The works about complete databases and stop have servers of their own; the
// former need versitygw, which tests/setup.sh installs. The bench runs on Linux
// only; idle needs root.
//
// It is one package because all works share the servers, the generator and the
// report; each work is a file.
package main
