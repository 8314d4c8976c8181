package accounts

import "github.com/ayb-go/ayb/shared/bus/mailapi"

// Delivery is the state of a mail when a call returns. The fronts use this name,
// so that they need not import the bus.
type Delivery = mailapi.Delivery

// The states of a mail.
const (
	Delivered = mailapi.Delivered
	Queued    = mailapi.Queued
)
