package natsbus_test

import (
	"testing"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/natsbus"
	"github.com/ayb-go/ayb/shared/bus/natsbus/bustest"
	"github.com/ayb-go/ayb/shared/mux"
)

// A caller in this process may have found a service just before its end. The service
// must reject the request, so that the caller sends it elsewhere.
func TestEndedServiceRejectsRequests(t *testing.T) {
	s := bustest.Start(t)
	c := bustest.Connect(t, natsbus.ConnConfig{Role: natsbus.QueryNode, Server: s})
	taken, err := c.TakeAfterEnd("ayb.v1.node.n1.link", func(mux.Link) bus.Peer {
		t.Error("a new link of a service that has ended")
		return nil
	})
	if err != nil || taken {
		t.Errorf("taken: %v, %v", taken, err)
	}
}
