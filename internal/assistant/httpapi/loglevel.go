package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// maxLevelBody is the largest body that sets a level, in bytes.
const maxLevelBody = 1 << 10

var (
	errLevelBody = invalidRequest(`The body must be JSON such as {"level": "debug"}.`)
	errLevel     = invalidRequest("The level must be debug, info, warning or error.")
)

type logLevel struct {
	Level string `json:"level"`
}

func (a *API) getLevel(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, logLevel{strings.ToLower(logs.LevelName(a.level.Level()))})
}

func (a *API) putLevel(w http.ResponseWriter, r *http.Request) error {
	var in logLevel
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLevelBody)).Decode(&in); err != nil {
		return errLevelBody
	}
	to, err := logs.ParseLevel(in.Level)
	if err != nil {
		return errLevel
	}
	if from := a.level.Level(); from != to {
		a.level.Set(min(from, to, slog.LevelWarn)) // so that the change is logged even if it silences the log
		a.logger.WarnContext(r.Context(), "Log level changed", "from", logs.LevelName(from), "to", logs.LevelName(to))
		a.level.Set(to)
	}
	return a.getLevel(w, r)
}
