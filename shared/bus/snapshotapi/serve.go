package snapshotapi

import "github.com/ayb-go/ayb/shared/bus"

// Serve answers calls until stop is called.
func Serve(r bus.Responder, s Snapshots) (stop func(), err error) {
	return r.Serve(bus.Service{
		Name: "ayb-snapshotter", Version: "1.0.0", Description: "stores snapshots of databases",
		Endpoints: []bus.Endpoint{
			{Name: "list", Subject: subject("list"), Handle: bus.Handle(s.ListSnapshots)},
			{Name: "take", Subject: subject("take"), Handle: bus.Handle(s.TakeSnapshot)},
			{Name: "load", Subject: subject("load"), Handle: bus.Handle(s.LoadSnapshot)},
			{Name: "move", Subject: subject("move"), Handle: bus.Handle(s.MoveSnapshots)},
			{Name: "purge", Subject: subject("purge"), Handle: bus.Handle(s.PurgeSnapshots)},
		},
	})
}
