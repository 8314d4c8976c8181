package databases

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ayb-go/ayb/controlplane/metadata/meta"
	"github.com/ayb-go/ayb/shared/ayb"
	"github.com/ayb-go/ayb/shared/bus/nodeapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// keeper is a store that counts renewals.
type keeper struct {
	Creation
	renewed atomic.Int32
	code    atomic.Value // of the next errors; none is errs.Code("")
}

func (k *keeper) RenewReservation(_ context.Context, _ meta.Reservation, until time.Time) error {
	if left := time.Until(until); left != reservationTime {
		return errs.E(errs.Internal, "renewed for %v", left)
	}
	k.renewed.Add(1)
	if code, _ := k.code.Load().(errs.Code); code != "" {
		return errs.E(code, "it can't be renewed")
	}
	return nil
}

// A reservation is renewed while data arrives; its loss ends the creation.
func TestReservationIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keeper{}
		d := &Databases{deps: Deps{Store: Store{Creation: k}, Now: time.Now}}
		kept, stop := d.keepReservation(t.Context(), meta.Reservation{})
		<-time.After(5*renewInterval + time.Second)
		if n := k.renewed.Load(); n != 5 || kept.Err() != nil {
			t.Errorf("renewed %d times, %v", n, kept.Err())
		}
		k.code.Store(errs.Unavailable)
		<-time.After(renewInterval)
		if kept.Err() != nil {
			t.Errorf("one failure ended it: %v", context.Cause(kept))
		}
		k.code.Store(errs.Conflict)
		<-kept.Done()
		if !errs.Is(context.Cause(kept), errs.Conflict) {
			t.Errorf("it ended with %v", context.Cause(kept))
		}
		stop()
	})
}

// publisher is a node with the next answers.
type publisher struct {
	nodeapi.Versions
	answers []error
}

func (p *publisher) PublishVersion(context.Context, nodeapi.NodeID, nodeapi.VersionRequest) (nodeapi.Done, error) {
	err := p.answers[0]
	p.answers = p.answers[1:]
	return nodeapi.Done{}, err
}

// A publish without an answer is repeated. A refused one is not.
func TestPublishIsRepeated(t *testing.T) {
	away, refused := errs.E(errs.Unavailable, "away"), errs.E(errs.Invalid, "not complete")
	gone := errs.E(errs.NotFound, "The node was started again")
	for name, tt := range map[string]struct {
		answers []error
		want    error
		left    int
	}{
		"at once":      {[]error{nil, nil}, nil, 1},
		"after a time": {[]error{away, errs.E(errs.Timeout, "late"), nil, nil}, nil, 1},
		"refused":      {[]error{away, refused, nil}, refused, 1},
		"lost":         {[]error{away, gone, nil}, away, 1},
		"never":        {[]error{away, away, away, away, away, away, nil}, away, 1},
	} {
		synctest.Test(t, func(t *testing.T) {
			p := &publisher{answers: tt.answers}
			d := &Databases{deps: Deps{Versions: p}}
			if err := d.publish(t.Context(), "n", nodeapi.VersionRequest{}); errs.CodeOf(err) != errs.CodeOf(tt.want) || len(p.answers) != tt.left {
				t.Errorf("%s: %v, %d answers left", name, err, len(p.answers))
			}
		})
	}
}

// stager is a node that counts renewals of a version.
type stager struct {
	nodeapi.Versions
	kept atomic.Int32
}

func (s *stager) StageVersion(_ context.Context, _ nodeapi.NodeID, req nodeapi.StageRequest) (nodeapi.StageResponse, error) {
	if req.Version == "v" {
		s.kept.Add(1)
		return nodeapi.StageResponse{}, errs.E(errs.Unavailable, "one failure ends nothing")
	}
	return nodeapi.StageResponse{Version: "v"}, nil
}

// The lease of a staged version is renewed until the version is released.
func TestStagedVersionIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stager{}
		d := &Databases{deps: Deps{Versions: s}}
		version, leave, err := d.stageVersion(t.Context(), "n", ayb.DatabasePath{Entity: "a", Database: "b"})
		if err != nil || version != "v" {
			t.Fatalf("%q, %v", version, err)
		}
		<-time.After(nodeapi.StagingLease + time.Second)
		if n := s.kept.Load(); n < 3 {
			t.Errorf("it was kept %d times while a node waits for one", n)
		}
		leave()
		before := s.kept.Load()
		<-time.After(time.Hour)
		if n := s.kept.Load(); n != before {
			t.Error("it is kept for ever")
		}
	})
}
