package observe

import "slices"

// Servers says whether one URL leads to one Prometheus or to several.
type Servers int

// ServersUnknown is the answer while too few have answered, or where they do not say who they are.
const (
	ServersUnknown Servers = iota
	OneServer
	SeveralServers
)

// maxProbes is how many probes count: with two servers, that many in a row hardly go to the same.
const maxProbes = 20

// Probes are the servers that answered at one URL, each over a new connection, the last ones in order of time.
type Probes struct{ seen []string }

// Add adds the server of one probe; none when it is empty.
func (p *Probes) Add(server string) {
	if server == "" {
		return
	}
	p.seen = append(p.seen, server)
	p.seen = p.seen[max(len(p.seen)-maxProbes, 0):]
}

// Servers tells from the probes: there are several when one came back after another. One that did not may have been
// restarted.
func (p *Probes) Servers() Servers {
	runs := slices.Compact(slices.Clone(p.seen))
	slices.Sort(runs)
	switch {
	case len(slices.Compact(slices.Clone(runs))) < len(runs):
		return SeveralServers
	case len(p.seen) < maxProbes:
		return ServersUnknown
	default:
		return OneServer
	}
}
