package httpapi

import (
	"context"
	"net/http"
)

// Keys of a ProfileUpdate.
const (
	ProfileDisplayName  = "display_name"
	ProfileDescription  = "description"
	ProfileOrganization = "organization"
	ProfileLocation     = "location"
	ProfileLinks        = "links"
)

// ProfileUpdate is the body of PATCH entity: an absent key is not changed, and nil
// clears it.
type ProfileUpdate map[string]*string

// SetLinks replaces the list of links, which is sent as JSON inside a text.
func (u ProfileUpdate) SetLinks(urls ...string) error {
	type link struct {
		URL string `json:"url"`
	}
	list := List[link]{}
	for _, url := range urls {
		list = append(list, link{url})
	}
	text, err := Marshal(list)
	if err != nil {
		return err
	}
	u[ProfileLinks] = new(string(text))
	return nil
}

// UpdateProfile changes the profile of the caller's own account.
func (c *Client) UpdateProfile(ctx context.Context, entity string, u ProfileUpdate) error {
	if u == nil {
		u = ProfileUpdate{}
	}
	body, err := Marshal(u)
	if err != nil {
		return err
	}
	return c.do(ctx, call{method: http.MethodPatch, path: EntityPath(entity), auth: bearer, success: http.StatusOK, body: body, json: true}, nil)
}

// DeleteAccount deletes the caller's own account with its databases, tokens
// and grants.
func (c *Client) DeleteAccount(ctx context.Context, entity string) error {
	return c.do(ctx, call{method: http.MethodDelete, path: EntityPath(entity), auth: bearer, success: http.StatusOK}, nil)
}
