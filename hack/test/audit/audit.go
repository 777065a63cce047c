// Package audit tells from an API server's audit log which of its rights a client has used, and what it was refused.
package audit

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// Right is one verb on one kind of resource.
type Right struct {
	Group, Resource, Verb string // Resource with its subresource, as in alertthresholds/status
}

func (r Right) String() string {
	return strings.TrimSuffix(fmt.Sprintf("%s %s.%s", r.Verb, r.Resource, r.Group), ".")
}

// Record is what one user has done.
type Record struct {
	Used    map[Right]bool
	Refused map[Right]bool
}

// Read adds to the record what the log, JSON lines, says of the user: whether it came as itself or was impersonated.
func (r *Record) Read(log io.Reader, user string) error {
	if r.Used == nil {
		r.Used, r.Refused = map[Right]bool{}, map[Right]bool{}
	}
	for decoder := json.NewDecoder(log); ; {
		var event auditv1.Event
		if err := decoder.Decode(&event); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		who := event.User.Username
		if event.ImpersonatedUser != nil {
			who = event.ImpersonatedUser.Username
		}
		object := event.ObjectRef
		if who != user || object == nil || event.ResponseStatus == nil {
			continue
		}
		right := Right{object.APIGroup, object.Resource, event.Verb}
		if object.Subresource != "" {
			right.Resource += "/" + object.Subresource
		}
		switch code := event.ResponseStatus.Code; {
		case code == http.StatusForbidden:
			r.Refused[right] = true
		case right.Verb == "patch" && code == http.StatusCreated:
			// A server-side apply of what was not there takes both.
			r.Used[Right{right.Group, right.Resource, "create"}] = true
			fallthrough
		default:
			r.Used[right] = true
		}
	}
}

// Unused are the rights of the rules that the record does not show.
func (r *Record) Unused(rules []rbacv1.PolicyRule) []Right {
	return slices.DeleteFunc(Rights(rules), func(right Right) bool { return r.Used[right] })
}

// Rights are those that the rules give, each once.
func Rights(rules []rbacv1.PolicyRule) (rights []Right) {
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					rights = append(rights, Right{group, resource, verb})
				}
			}
		}
	}
	slices.SortFunc(rights, func(a, b Right) int { return cmp.Compare(a.String(), b.String()) })
	return slices.Compact(rights)
}

// Rules are those of all the Roles and ClusterRoles in a YAML text.
func Rules(roles []byte) (rules []rbacv1.PolicyRule, err error) {
	for decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(roles), 4096); ; {
		var role rbacv1.ClusterRole
		if err := decoder.Decode(&role); errors.Is(err, io.EOF) {
			return rules, nil
		} else if err != nil {
			return nil, fmt.Errorf("read the roles: %w", err)
		}
		rules = append(rules, role.Rules...)
	}
}
