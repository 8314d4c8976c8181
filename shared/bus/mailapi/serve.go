package mailapi

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/errs"
)

// Deliverer delivers one mail. An error with the code Mail is final: the job
// is given up. Any other error means that it may work later.
type Deliverer interface {
	Deliver(ctx context.Context, job Job) error
}

// Serve takes jobs from the queue until ctx ends. The caller is told as soon
// as a mail is delivered or given up; while it is tried again nobody is told.
func Serve(ctx context.Context, q bus.Queue, n Notices, d Deliverer, log *slog.Logger) error {
	return q.Work(ctx, func(ctx context.Context, j bus.Job) error {
		var e envelope
		if err := json.Unmarshal(j.Data, &e); err != nil {
			log.Error("mail job dropped: not readable", "job", j.ID, "err", err)
			return nil
		}
		err := d.Deliver(ctx, e.Job)
		if err != nil && errs.CodeOf(err) != errs.Mail {
			return err
		}
		var notice []byte
		if err != nil {
			log.Error("mail given up", "job", j.ID, "err", err)
			notice = errs.Marshal(err)
		}
		if e.Notify != "" {
			if err := n.Notify(e.Notify, notice); err != nil {
				log.Debug("mail notice not sent", "job", j.ID, "err", err)
			}
		}
		return nil
	})
}
