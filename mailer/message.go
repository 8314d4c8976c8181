package mailer

import (
	"time"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
)

// message is a mail as the file backend writes it. The names and the order of
// the keys are a contract.
type message struct {
	From        string   `json:"from"`
	To          string   `json:"to"`
	ReplyTo     string   `json:"reply_to"`
	Subject     string   `json:"subject"`
	ContentType string   `json:"content_type"`
	Encoding    string   `json:"content_transfer_encoding"`
	Date        string   `json:"date"`
	Content     []string `json:"content"`
}

const (
	subject = "Your login credentials"
	// rfc2822 is the date of a mail header, always in UTC here.
	rfc2822 = "Mon, 2 Jan 2006 15:04:05 -0700"
)

// render fills the template. Programs find the token on the line that begins
// with a tab and `ayb client confirm`.
func (m *Mailer) render(job mailapi.Job) message {
	first := "To log in, visit"
	if job.Kind == mailapi.KindRegistration {
		first = "To complete your registration, visit"
	}
	date := job.CreatedAt
	if date.IsZero() {
		date = m.deps.Now()
	}
	return message{
		From: m.cfg.From, To: job.To, ReplyTo: m.cfg.ReplyTo, Subject: subject,
		ContentType: "text/plain", Encoding: "7bit", Date: date.In(time.UTC).Format(rfc2822),
		Content: []string{first, "\t" + job.ConfirmURL, "", "Or type", "\tayb client confirm " + job.Token},
	}
}
