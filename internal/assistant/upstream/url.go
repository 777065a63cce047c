package upstream

import (
	"errors"
	"net/url"
)

// CheckURL reports what is wrong with the address of a vendor's API; empty is right. The error does not quote the address:
// it may hold a password.
func CheckURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return errors.New("not a URL")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return errors.New("not an absolute http or https URL, such as http://127.0.0.1:9000")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("must be a plain URL, without user, query or fragment")
	}
	return nil
}
