#!/usr/bin/env bash
# JetStream: a stream that met a full disk takes no message after there is room.
#
# Guess: a publish that finds the disk full is answered with an error, and
# publishing works again as soon as there is room.
# Seen with nats-server 2.15.2: the publish gets no answer, so a client waits
# for its whole time limit. After half of the disk is free again, publishing
# stays without an answer, an update of the stream with the same configuration
# succeeds and changes nothing, and the purge of the stream fails with the old
# "no space left on device".
# What helps: restart the server, or delete the stream and create it again
# (which loses its messages). Until then stop publishing early: keep a reserve
# of the disk, or set the stream's MaxBytes.
# Needs root, for a small file system in memory.
set -euo pipefail
dir=$(mktemp -d)
trap 'umount "$dir/disk" 2>/dev/null || true; chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
mkdir "$dir/disk" "$dir/p"
mount -t tmpfs -o size=8m tmpfs "$dir/disk"
head -c 4000000 /dev/zero >"$dir/disk/other"
cd "$dir/p"
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	disk, failed := os.Args[1], false
	expect := func(what string, got error, want string) {
		fmt.Printf("%s: %v\n", what, got)
		if want == "" && got != nil || want != "" && (got == nil || !strings.Contains(got.Error(), want)) {
			failed = true
			fmt.Printf("  changed: expected %q\n", want)
		}
	}
	s, js := start(disk)
	cfg := jetstream.StreamConfig{Name: "S", Subjects: []string{"s"}, Storage: jetstream.FileStorage}
	stream, err := js.CreateStream(context.Background(), cfg)
	must(err)
	for err = nil; err == nil; {
		err = publish(js, 64<<10)
	}
	none := context.DeadlineExceeded.Error()
	expect("publish on the full disk", err, none)
	must(os.Remove(filepath.Join(disk, "other")))
	expect("publish with 4 MB free", publish(js, 10), none)
	_, err = js.UpdateStream(context.Background(), cfg)
	expect("update of the stream", err, "")
	expect("publish after the update", publish(js, 10), none)
	expect("purge", stream.Purge(context.Background()), "no space left on device")
	expect("publish after the purge", publish(js, 10), none)
	s.Shutdown()
	s.WaitForShutdown()
	s, js = start(disk)
	expect("publish after a restart", publish(js, 10), "")
	s.Shutdown()
	if failed {
		os.Exit(1)
	}
}

func start(disk string) (*server.Server, jetstream.JetStream) {
	s, err := server.NewServer(&server.Options{JetStream: true, StoreDir: filepath.Join(disk, "js"), DontListen: true, NoSigs: true, JetStreamMaxStore: 64 << 20, JetStreamMaxMemory: 1 << 20})
	must(err)
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		must(errors.New("the server does not start"))
	}
	nc, err := nats.Connect("", nats.InProcessServer(s))
	must(err)
	js, err := jetstream.New(nc)
	must(err)
	return s, js
}

func publish(js jetstream.JetStream, size int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	_, err := js.Publish(ctx, "s", make([]byte, size), jetstream.WithRetryAttempts(0))
	return err
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
GO
export GOFLAGS=''
go mod init p >/dev/null 2>&1
go get github.com/nats-io/nats-server/v2@v2.15.2 github.com/nats-io/nats.go@v1.55.0 >/dev/null 2>&1
go build -o p .
./p "$dir/disk"
