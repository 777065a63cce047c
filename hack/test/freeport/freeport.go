// Package freeport finds TCP ports for servers that are started later, and perhaps killed and started again.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports lie below those from which Linux takes one for each outgoing connection (32768 to 60999). One of those may be
// given to a client while its server is down, which then cannot come back: even to the client that tries to reach the
// server, which so connects to itself. They also lie below those of Kubernetes' NodePorts, which begin at 30000.
const firstPort, count = 20000, 10000

var (
	mu    sync.Mutex
	given = map[int]bool{}
)

// Port is a port at which nobody listens now, and which this program has not been given before. It panics where there is
// none, as on a machine without a loopback link.
func Port() int {
	mu.Lock()
	defer mu.Unlock()
	var err error
	for range count {
		port := firstPort + rand.IntN(count)
		if given[port] {
			continue
		}
		var l net.Listener
		if l, err = net.Listen("tcp", address(port)); err != nil {
			continue
		}
		l.Close()
		given[port] = true
		return port
	}
	panic(fmt.Sprintf("freeport: no port from %d to %d is free: %v", firstPort, firstPort+count-1, err))
}

// Address is such a port of the loopback link, as HOST:PORT.
func Address() string { return address(Port()) }

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
