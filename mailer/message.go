package mailer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	gomail "github.com/wneessen/go-mail"

	"github.com/ayb-go/ayb/shared/bus/mailapi"
	"github.com/ayb-go/ayb/shared/errs"
)

// message is a mail as the file backend writes it. Programs read the file, so the
// names and the order of the keys must stay.
type message struct {
	From        string   `json:"from"`
	To          string   `json:"to"`
	ReplyTo     string   `json:"reply_to"`
	Subject     string   `json:"subject"`
	ContentType string   `json:"content_type"`
	Encoding    string   `json:"content_transfer_encoding"`
	Date        string   `json:"date"`
	Content     []string `json:"content"`

	// id names the job in the ledger and in the Message-ID: letters, digits, -
	// and _.
	id   string
	date time.Time
}

const (
	subject = "Your login credentials"
	// rfc2822 is the format of dates in mail headers.
	rfc2822 = "Mon, 2 Jan 2006 15:04:05 -0700"
	// maxAddress is the limit for an address in RFC 5321, in bytes.
	maxAddress = 254
)

// render makes the mail of a job. Programs find the token on the line that begins
// with a tab and `ayb client confirm`. The error has the code Mail: an address,
// token or link that could add lines or headers to the mail is refused.
func (m *Mailer) render(job mailapi.Job) (message, error) {
	if !isPlainAddress(job.To) {
		return message{}, errs.E(errs.Mail, "The mail address is not valid")
	}
	if !isOneWord(job.Token) || !isOneWord(job.ConfirmURL) {
		return message{}, errs.E(errs.Mail, "The mail cannot be written because its token or its link is not valid")
	}
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
		id:      jobID(job), date: date.In(time.UTC),
	}, nil
}

var safeID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// jobID returns the id of the job, or a hash if the id cannot be used in a header.
func jobID(job mailapi.Job) string {
	if safeID.MatchString(job.ID) {
		return job.ID
	}
	sum := sha256.Sum256([]byte(job.ID + "\n" + job.Token))
	return hex.EncodeToString(sum[:16])
}

// isPlainAddress reports whether s is name@domain in visible ASCII. Such an
// address cannot contain a second recipient, a header or an SMTP command.
func isPlainAddress(s string) bool {
	parsed, err := mail.ParseAddress(s)
	return err == nil && parsed.Address == s && len(s) <= maxAddress &&
		!strings.ContainsFunc(s, func(r rune) bool {
			return r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]`, r)
		})
}

// isOneWord reports whether s is one word of visible characters.
func isOneWord(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r == ' ' || !unicode.IsPrint(r)
	})
}

// mime returns the mail for a relay (RFC 5322). The Message-ID is made from the
// job, so that mail programs recognize a second copy.
func (m message) mime() ([]byte, error) {
	// Quoted-printable, because a link may be longer than a line of a mail. (The
	// 7bit encoding of go-mail also writes quoted-printable.)
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	if err := msg.From(m.From); err != nil {
		return nil, fmt.Errorf("email.smtp.from: %w", err)
	}
	if err := msg.ReplyTo(m.ReplyTo); err != nil {
		return nil, fmt.Errorf("email.smtp.reply_to: %w", err)
	}
	if err := msg.To(m.To); err != nil {
		return nil, fmt.Errorf("the recipient: %w", err)
	}
	from := msg.GetFrom()[0].Address
	msg.Subject(m.Subject)
	msg.SetDateWithValue(m.date)
	msg.SetMessageIDWithValue(m.id + "@" + from[strings.LastIndexByte(from, '@')+1:])
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // prevents out-of-office answers
	msg.SetBodyString(gomail.TypeTextPlain, strings.Join(m.Content, "\r\n")+"\r\n")
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("write the mail: %w", err)
	}
	return out.Bytes(), nil
}
