package drill

import (
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// State is how far the alert came on one route.
type State string

const (
	// Notified means that the receiver was notified.
	Notified State = "notified"
	// Accepted means that the receiver is to be notified; whether it was is not known.
	Accepted State = "accepted"
	// Waiting means that the receiver is to be notified and was not yet.
	Waiting State = "waiting"
	// Failed means that every request to the receiver failed.
	Failed State = "failed"
	// Silenced means that a silence keeps it back.
	Silenced State = "silenced"
	// Inhibited means that another alert keeps it back.
	Inhibited State = "inhibited"
	// Muted means that a time interval keeps it back.
	Muted State = "muted"
	// Null means that the receiver notifies nobody.
	Null State = "null"
	// Unknown means that the Alertmanager could not be asked, or does not show the alert.
	Unknown State = "?"
)

// Result is what became of the alert on one route of an Alertmanager.
type Result struct {
	Alertmanager string `json:"alertmanager"`
	Receiver     string `json:"receiver,omitempty"`
	State        State  `json:"state"`
	// Note says why it came no further, and what can be done.
	Note string `json:"note,omitempty"`
}

// Reached reports whether a receiver that notifies has the alert.
func (r Result) Reached() bool { return r.State == Notified || r.State == Accepted }

// Answers are those of one Alertmanager.
type Answers struct {
	URL string
	// Err is why the alert could not be sent; then nothing else counts.
	Err error
	// Routes are the last that had the alert.
	Routes []promapi.RoutedAlert
	// Integrations are by receiver; nil when they are not known.
	Integrations map[string][]string
	// Before and After are the requests before and after; nil when they are not known.
	Before, After map[string]promapi.Requests
}

// Results tells what became of the alert on every route that takes it.
func (a Answers) Results() []Result {
	if a.Err != nil {
		return []Result{{Alertmanager: a.URL, State: Unknown,
			Note: a.Err.Error() + ": if it can be reached only inside the cluster, kubectl port-forward to it and use --alertmanager-url URL"}}
	}
	if len(a.Routes) == 0 {
		return []Result{{Alertmanager: a.URL, State: Unknown, Note: "it took the alert and does not show it: compare its clock with that of this machine"}}
	}
	results := make([]Result, len(a.Routes))
	for i, route := range a.Routes {
		state, note := a.evaluate(route)
		results[i] = Result{a.URL, route.Receiver, state, note}
	}
	return results
}

func (a Answers) evaluate(route promapi.RoutedAlert) (State, string) {
	integrations, known := a.Integrations[route.Receiver]
	switch {
	case len(route.SilencedBy) > 0:
		return Silenced, "amtool silence query --id " + strings.Join(route.SilencedBy, " ")
	case len(route.InhibitedBy) > 0:
		return Inhibited, "by " + strings.Join(route.InhibitedBy, ", ") + ", which is notified instead"
	case len(route.MutedBy) > 0:
		return Muted, "by the time interval " + strings.Join(route.MutedBy, ", ")
	case !known:
		return Accepted, "its configuration cannot be read, so the receiver may notify nobody"
	case len(integrations) == 0:
		return Null, "the receiver has no integration, so it notifies nobody"
	case a.Before == nil || a.After == nil:
		return Accepted, "by " + strings.Join(integrations, ", ") + "; its metrics cannot be read"
	default:
		return a.delivered(integrations)
	}
}

// delivered tells from the requests for all alerts whether one for this alert was among them: the API does not say.
func (a Answers) delivered(integrations []string) (State, string) {
	state, notes := Waiting, []string{}
	for _, integration := range integrations {
		sent := a.After[integration].Sent - a.Before[integration].Sent
		failed := a.After[integration].Failed - a.Before[integration].Failed
		if sent == 0 {
			continue
		}
		notes = append(notes, fmt.Sprintf("%s: %.0f sent, %.0f failed", integration, sent, failed))
		if failed < sent {
			state = Notified
		} else if state == Waiting {
			state = Failed
		}
	}
	switch state {
	case Waiting:
		return state, "no " + strings.Join(integrations, " or ") + " was sent: use --for with more than the route's group_wait, or group_interval where " +
			"its group has alerts already; in a cluster another Alertmanager may have notified"
	case Failed:
		return state, strings.Join(notes, "; ") + ": its log says why"
	default:
		return state, strings.Join(notes, "; ")
	}
}
