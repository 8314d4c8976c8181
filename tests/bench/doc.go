// Command bench compares an ayb server with a floor: the fastest simple thing
// that does the same work, which is one process with net/http and go-sqlite3,
// without accounts, bus and sandbox. It shows what those cost.
//
// Both servers hold the same tables, get the same SQL in the same request
// bodies, and give the same JSON; both use WAL and synchronous=FULL. Every
// answer is compared with the one expected. The load comes from one thread of
// this process, which drives all connections with epoll and raw system calls,
// because on two cores a heavy client would hide the difference between the
// servers. A request is sent when the previous answer on its connection is
// complete, so latency and throughput belong to full load.
//
// Rounds alternate: floor, ayb, floor, ayb, …, after a warm-up of each, so
// that a noisy moment of the machine hits both. The table gives medians over
// rounds, and the ratio of the medians is the result; the absolute figures
// depend on the machine. Percentiles are over all requests of all rounds. A
// second table says what each process spent per request, and so where to look.
//
// Works:
//
//	read    one row of 10 000 by its key, the key a random literal in the text
//	insert  one row, acknowledged when it is on disk
//	stream  a result of 1 000 000 rows, with the peak memory of every process
//
// It runs on Linux only.
package main
