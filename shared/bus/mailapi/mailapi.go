// Package mailapi is the contract between the control plane, which asks for
// mails, and the mailer, which delivers them. Jobs wait in a durable work
// queue until a mailer has delivered them or given them up for good.
package mailapi

import (
	"context"
	"time"
)

// Kind picks the template of a mail.
type Kind string

// The kinds. Older mailers treat an unknown kind as KindLogin.
const (
	KindRegistration Kind = "registration"
	KindLogin        Kind = "login"
)

// Job is one mail to be delivered.
type Job struct {
	// ID is unique; delivering a job twice is recognised by it.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// To is a validated mail address without a display name.
	To string `json:"to"`
	// Token is the log-in token the mail carries.
	Token string `json:"token"`
	// ConfirmURL is the page that takes the token, complete and encoded.
	ConfirmURL string `json:"confirm_url"`
	// CreatedAt is the date of the mail.
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is when the token ends; an older job is dropped.
	ExpiresAt time.Time `json:"expires_at"`
}

// Delivery tells how far a mail has come when Send returns.
type Delivery string

// The outcomes of Send that are no errors.
const (
	Delivered Delivery = "delivered"
	Queued    Delivery = "queued"
)

// MaxWait is how long Send waits for the delivery of a mail that is safe in
// the queue.
const MaxWait = 3 * time.Second

// Sender hands mails to the mailer.
type Sender interface {
	// Send puts the job into the durable queue and waits at most MaxWait for
	// its delivery. Queued means that the mail is kept and will be sent
	// later. Errors: Mail when it can never be delivered; Unavailable when
	// it could not be queued.
	Send(ctx context.Context, job Job) (Delivery, error)
}
