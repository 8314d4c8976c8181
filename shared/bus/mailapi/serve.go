package mailapi

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// Deliverer delivers one mail. An error with the code Mail is permanent: the job is
// dropped. After any other error the job is tried again.
type Deliverer interface {
	Deliver(ctx context.Context, job Job) error
}

// Serve works on the queue until ctx ends. The sender gets a notice when its mail is
// delivered or has failed permanently.
func Serve(ctx context.Context, q bus.Queue, n Notices, d Deliverer, log *slog.Logger) error {
	return q.Work(ctx, func(ctx context.Context, j bus.Job) error {
		var e envelope
		if err := json.Unmarshal(j.Data, &e); err != nil {
			log.Error("could not decode a mail job, dropped it", "job", j.ID, "err", err)
			return nil
		}
		err := d.Deliver(ctx, e.Job)
		if err != nil && errs.CodeOf(err) != errs.Mail {
			return err
		}
		var notice []byte
		if err != nil {
			log.Error("could not deliver a mail, dropped it", "job", j.ID, "err", err)
			notice = errs.Marshal(err)
		}
		if e.Notify != "" {
			if err := n.Notify(e.Notify, notice); err != nil {
				log.Debug("could not send a mail notice", "job", j.ID, "err", err)
			}
		}
		return nil
	})
}
