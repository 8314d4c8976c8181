// Package mailer is the role that delivers mail: it takes jobs from the
// durable queue, renders them, and hands them to its backends. It does not
// know why a mail is sent.
package mailer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ayb-go/ayb/shared/bus"
	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// Config configures the mailer.
type Config struct {
	// From and ReplyTo are mailboxes; empty means ayb <noreply@localhost>.
	From    string
	ReplyTo string
	// File is the path of the JSON-lines backend. Required.
	File string
}

// defaultMailbox is the sender where none is configured.
const defaultMailbox = "ayb <noreply@localhost>"

// Deps are the mailer's collaborators. All are required.
type Deps struct {
	Queue   bus.Queue
	Notices mailapi.Notices
	Log     *slog.Logger
	Now     func() time.Time
}

// Mailer delivers mails. New checks; Run works.
type Mailer struct {
	cfg  Config
	deps Deps
	file *mailFile
}

// New opens the backends. The error says in a sentence what is wrong.
func New(cfg Config, deps Deps) (*Mailer, error) {
	if deps.Queue == nil || deps.Notices == nil || deps.Log == nil || deps.Now == nil {
		return nil, errors.New("mailer: a dependency is missing")
	}
	if cfg.From == "" {
		cfg.From = defaultMailbox
	}
	if cfg.ReplyTo == "" {
		cfg.ReplyTo = cfg.From
	}
	if cfg.File == "" {
		return nil, errors.New("mailer: no mail file is configured")
	}
	file, err := openMailFile(cfg.File)
	if err != nil {
		return nil, fmt.Errorf("email.file.path %s cannot be written: %w", cfg.File, err)
	}
	return &Mailer{cfg, deps, file}, nil
}

// Run delivers until ctx ends. Jobs that could not be delivered stay queued.
func (m *Mailer) Run(ctx context.Context) error {
	m.deps.Log.Info("mailer works")
	return mailapi.Serve(ctx, m.deps.Queue, m.deps.Notices, m, m.deps.Log)
}

// Deliver implements mailapi.Deliverer.
func (m *Mailer) Deliver(_ context.Context, job mailapi.Job) error {
	if !job.ExpiresAt.IsZero() && m.deps.Now().After(job.ExpiresAt) {
		return errs.E(errs.Mail, "The mail waited longer than its token is valid and was dropped")
	}
	if err := m.file.append(m.render(job)); err != nil {
		return fmt.Errorf("write the mail file: %w", err)
	}
	return nil
}
