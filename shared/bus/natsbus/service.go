package natsbus

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

const (
	// poolSize is the largest number of concurrent calls of one endpoint.
	poolSize = 64
	// flushWait is the longest wait until the bus knows a new service.
	flushWait = time.Second
)

// Serve implements bus.Responder with nats.go/micro, so that the usual tools list
// the services. A micro endpoint runs its handlers one after another, so they pass
// each call to a bounded pool.
func (c *Conn) Serve(s bus.Service) (func(), error) {
	svc, err := micro.AddService(c.nc, micro.Config{
		Name: s.Name, Version: s.Version, Description: s.Description,
		QueueGroupDisabled: false,
	})
	if err != nil {
		return nil, fmt.Errorf("register service %s: %w", s.Name, err)
	}
	var running sync.WaitGroup
	var acceptors []*acceptor
	stop := func() {
		_ = svc.Stop() // it fails only when the connection is gone, and with it the service
		running.Wait()
		for _, a := range acceptors {
			a.close()
		}
	}
	for _, e := range s.Endpoints {
		h := c.calls(e, &running)
		if e.Link != nil {
			a, err := c.newAcceptor(e.Subject, e.Link)
			if err != nil {
				stop()
				return nil, fmt.Errorf("register endpoint %s: %w", e.Name, err)
			}
			acceptors = append(acceptors, a)
			h = a
		}
		err := svc.AddEndpoint(e.Name, h, micro.WithEndpointSubject(e.Subject), micro.WithEndpointPendingLimits(-1, -1))
		if err != nil {
			stop()
			return nil, fmt.Errorf("register endpoint %s: %w", e.Name, err)
		}
	}
	if c.nc.IsConnected() { // otherwise the bus learns of the service on reconnect
		_ = c.nc.FlushTimeout(flushWait) // afterwards the bus knows the service
	}
	return stop, nil
}

// calls returns the micro handler of an endpoint that answers calls.
func (c *Conn) calls(e bus.Endpoint, running *sync.WaitGroup) micro.Handler {
	slots := make(chan struct{}, poolSize)
	return micro.HandlerFunc(func(req micro.Request) {
		if !fromRole(req.Reply()) {
			c.log.Warn("refused a call without a valid reply address", "endpoint", e.Name)
			return
		}
		slots <- struct{}{}
		running.Add(1)
		go func() {
			defer running.Done()
			defer func() { <-slots }()
			c.answer(e, req)
		}()
	})
}

func (c *Conn) answer(e bus.Endpoint, req micro.Request) {
	ctx, cancel := context.WithTimeout(context.Background(), timeoutOf(req))
	defer cancel()
	done := func() {}
	if req.Headers().Get(keepAliveHeader) != "" && req.Reply() != "" {
		alive, stop := context.WithCancel(ctx)
		var sending sync.WaitGroup
		sending.Go(func() { c.sendKeepAlives(alive, req, cancel) })
		done = func() { stop(); sending.Wait() }
	}
	data, err := e.Handle(ctx, req.Data())
	done()
	if err == nil && len(data) > bus.MaxMessage {
		err = errs.E(errs.TooLarge, "An answer between two parts of the server has %d bytes; the limit is %d", len(data), bus.MaxMessage)
	}
	if err != nil {
		if errs.CodeOf(err) == errs.Internal {
			c.log.Error("could not handle a call", "endpoint", e.Name, "err", err)
		}
		err = c.refuse(req, err)
	} else {
		err = req.Respond(data)
	}
	if err != nil {
		c.log.Warn("could not send an answer", "endpoint", e.Name, "err", err)
	}
}

// refuse answers with an error in the form of micro. The method of micro is only
// for its own goroutine: it reads the request after the handler has returned.
func (c *Conn) refuse(req micro.Request, err error) error {
	if req.Reply() == "" {
		return nil // there is no waiting caller
	}
	m := nats.NewMsg(req.Reply())
	m.Header.Set(micro.ErrorHeader, "refused")
	m.Header.Set(micro.ErrorCodeHeader, string(errs.CodeOf(err)))
	m.Data = errs.Marshal(err)
	return c.nc.PublishMsg(m)
}

func timeoutOf(req micro.Request) time.Duration {
	ms, err := strconv.ParseInt(req.Headers().Get(timeoutHeader), 10, 64)
	if err != nil || ms <= 0 {
		return bus.DefaultTimeout
	}
	return time.Duration(ms) * time.Millisecond
}
