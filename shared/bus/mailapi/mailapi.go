// Package mailapi is the contract between the control plane, which sends mails,
// and the mailer, which delivers them. A job waits in a durable work queue until a
// mailer has delivered it or it has failed permanently.
package mailapi

import (
	"context"
	"time"
)

// Kind selects the template of a mail.
type Kind string

// The kinds. A mailer treats an unknown kind as KindLogin.
const (
	KindRegistration Kind = "registration"
	KindLogin        Kind = "login"
)

// Job is one mail to be delivered.
type Job struct {
	// ID is unique. The mailer recognises a job that it has delivered by its ID.
	ID   string `json:"id"`
	Kind Kind   `json:"kind"`
	// To is a validated mail address without a display name.
	To string `json:"to"`
	// Token is the log-in token the mail carries.
	Token string `json:"token"`
	// ConfirmURL is the complete URL of the page that accepts the token.
	ConfirmURL string `json:"confirm_url"`
	// CreatedAt is the date of the mail.
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is the end of the token. An expired job is dropped.
	ExpiresAt time.Time `json:"expires_at"`
}

// Delivery is the state of a mail when Send returns.
type Delivery string

// The states of a mail that was accepted.
const (
	Delivered Delivery = "delivered"
	Queued    Delivery = "queued"
)

// MaxWait is the longest time that Send waits for the delivery of a queued mail.
const MaxWait = 3 * time.Second

// Sender sends mails through the mailer.
type Sender interface {
	// Send stores the job in the queue and waits at most MaxWait for its
	// delivery. Queued means that the mail is stored and will be sent later.
	// Errors: Mail when it can never be delivered; Unavailable, or DiskFull, when
	// it was not queued.
	Send(ctx context.Context, job Job) (Delivery, error)
}
