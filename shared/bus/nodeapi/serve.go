package nodeapi

import "github.com/ayb-go/ayb/shared/bus"

// Handlers are the parts of a query node. A nil part is not served.
type Handlers struct {
	Links     LinkHandler
	Databases DatabaseHandler
	Versions  VersionHandler
	Deleted   DeletedDatabaseHandler
	Snapshots SnapshotHandler
}

// Serve answers for a node until stop is called.
func Serve(r bus.Responder, node NodeID, h Handlers) (stop func(), err error) {
	return r.Serve(bus.Service{
		Name: "ayb-querynode", Version: "1.0.0", Description: "runs SQL on the databases of node " + string(node),
		Endpoints: h.endpoints(node),
	})
}

func (h Handlers) endpoints(node NodeID) []bus.Endpoint {
	var list []bus.Endpoint
	if h.Links != nil {
		list = append(list, linkEndpoints(node, h.Links)...)
	}
	if h.Databases != nil {
		list = append(list, databaseEndpoints(node, h.Databases)...)
	}
	if h.Versions != nil {
		list = append(list, versionEndpoints(node, h.Versions)...)
	}
	if h.Deleted != nil {
		list = append(list, deletedEndpoints(node, h.Deleted)...)
	}
	if h.Snapshots != nil {
		list = append(list, snapshotEndpoints(node, h.Snapshots)...)
	}
	return list
}

func endpoint(node NodeID, noun, verb string, handle bus.Handler) bus.Endpoint {
	return bus.Endpoint{Name: noun + "-" + verb, Subject: subject(node, noun, verb), Handle: handle}
}
