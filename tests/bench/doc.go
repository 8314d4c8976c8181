// Command bench compares an ayb server with a floor: the fastest simple thing
// that does the same work, which is one process with net/http and go-sqlite3,
// without accounts, bus and sandbox. It shows what those cost.
//
// Both servers hold the same tables, get the same requests, and give the same
// answers; both use WAL and synchronous=FULL. Every answer is compared with
// the one expected, or where it holds something that cannot be known (the cost
// of a batch, a million rows) with what it must contain. The load comes from
// one thread of this process, which drives all connections with epoll and raw
// system calls, because on two cores a heavy client would hide the difference
// between the servers. A request is sent when the previous answer on its
// connection is complete, so latency and throughput belong to full load.
//
// Rounds alternate: floor, ayb, floor, ayb, …, after a warm-up of each, so
// that a noisy moment of the machine hits both. Results are medians over
// rounds, and the ratio of the medians is what counts; the absolute figures
// depend on the machine. The least and greatest ratio of a round tell how much
// to trust it. Percentiles are over all requests of all rounds. A table says
// what each process spent per request, the generator too, and so where to look.
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
//	noisy   point reads of one account while another does its worst
//	cold    the first query on databases whose daemon does not run
//	idle    private memory of daemons that have answered one query
//	hosted  what 10 000 databases cost that nobody uses, beside a server that
//	        has none, and again after a restart
//
// The last three have a server of their own and no floor.
//
// Works about whole databases, which begin only when they are asked for:
//
//	large       import, snapshot, restore, export and fork of 2 GB, with the
//	            memory of every process, beside what SQLite and zstd take
//	csv         import of 1 GB of CSV
//	background  durable inserts beside snapshots and exports of their database
//
// So do two about hostile and endless work:
//
//	abuse  point reads of one account while others hold on to what the server lends
//	stop   how soon a statement that has reached its time limit, or whose client
//	       went away, gives its connection back, as a multiple of a small one
//
// The three about whole databases and stop have servers of their own; the former
// need versitygw, which tests/setup.sh installs. The bench runs on Linux only; idle needs root.
package main
