// Package reconcile carries out what the metadata store has recorded about
// databases and what is not done yet: pending operations (soft delete, undelete,
// rename), the purge queue, and snapshot tasks. Each is a queue of records. A
// server claims a record with a lease, carries it out with calls that may be
// repeated, and completes it. A node that is down, or the end of this process,
// only delays the work: when the lease ends, any control plane continues.
//
// The package starts nothing by itself: package databases records what is to be
// done, and controlplane runs the loops.
package reconcile
