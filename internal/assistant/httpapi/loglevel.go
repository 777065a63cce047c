package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

const levelPath = "/log-level"

// maxLevelBody is the largest body that sets a level, in bytes.
const maxLevelBody = 1 << 10

// levelRoutes serve the level of the log, to be read and changed while the program runs. They belong on a port that only
// operators reach: whoever may set the level may silence the log.
func (a *API) levelRoutes() []route {
	if a.level == nil {
		return nil
	}
	return []route{{http.MethodGet, levelPath, a.getLevel}, {http.MethodPut, levelPath, a.putLevel}}
}

type logLevel struct {
	Level string `json:"level"`
}

func (a *API) getLevel(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, logLevel{strings.ToLower(logs.LevelName(a.level.Level()))})
}

func (a *API) putLevel(w http.ResponseWriter, r *http.Request) {
	var in logLevel
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLevelBody)).Decode(&in); err != nil {
		a.fail(w, r, invalid(`The body must be JSON such as {"level": "debug"}.`))
		return
	}
	to, err := logs.ParseLevel(in.Level)
	if err != nil {
		a.fail(w, r, invalid("The level must be debug, info, warning or error."))
		return
	}
	if from := a.level.Level(); from != to {
		a.level.Set(min(from, to, slog.LevelWarn)) // so that the change is told even if it silences the log
		a.logger.WarnContext(r.Context(), "Log level changed", "from", logs.LevelName(from), "to", logs.LevelName(to))
		a.level.Set(to)
	}
	a.getLevel(w, r)
}
