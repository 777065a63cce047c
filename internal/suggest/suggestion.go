package suggest

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Suggestion is a candidate with levels, or with why there are none.
type Suggestion struct {
	Candidate

	// Range is of the values over the window.
	Range  backtest.Summary
	Window backtest.Window
	// Levels are those of the threshold, with their evidence; none when Because says why.
	Levels []backtest.Suggestion
}

// Suggest returns the candidate, which must have a plan, with the levels that its history suggests.
func (c Candidate) Suggest(h *backtest.History, options rules.Options) (Suggestion, error) {
	s := Suggestion{Candidate: c, Range: h.Summarise(c.Falls), Window: h.Window}
	plan := *c.Plan
	// A quantile never lies beyond the highest bucket, unless the source's are others than those that are known.
	if bounds := c.Bounds(); len(bounds) > 0 && s.Range.Max <= slices.Max(bounds) {
		plan.Value.Max = min(plan.Value.Max, slices.Max(bounds))
	}
	levels, err := h.Suggest(&plan)
	switch {
	case errors.Is(err, backtest.ErrReplay):
		s.Because = err.Error()
		return s, nil
	case err != nil:
		return s, err
	case !levels[0].Found:
		s.Because = levels[0].Because
		return s, nil
	}
	s.Levels = levels
	s.Threshold = c.Threshold.DeepCopy()
	s.Threshold.Spec.Levels = nil
	for _, level := range levels {
		suggested, status := c.Threshold.Spec.Levels[0], level.Status()
		suggested.Severity, suggested.Above, suggested.Below = status.Severity, v1alpha1.Value(status.Above), v1alpha1.Value(status.Below)
		s.Threshold.Spec.Levels = append(s.Threshold.Spec.Levels, suggested)
	}
	s.resolve(options)
	return s, nil
}

// Title names the signal and its source in a sentence.
func (c Candidate) Title() string {
	title := fmt.Sprintf("%s of %s", c.Name, c.Source)
	if c.Prefix != "" {
		title += " (" + c.Prefix + ")"
	}
	return title
}

// Reason says why nothing is suggested; empty when something is.
func (s Suggestion) Reason() string {
	if len(s.WatchedBy) > 0 {
		return "already watched by " + strings.Join(s.WatchedBy, ", ")
	}
	return s.Because
}

// Evidence says what the level rests on.
func (s Suggestion) Evidence(level backtest.Suggestion) string {
	text := level.Because
	switch {
	case level.Fires > 1:
		text += fmt.Sprintf(": %d fires, the longest %s", level.Fires, backtest.FormatDuration(level.Longest))
	case level.Fires == 1:
		text += ": 1 fire of " + backtest.FormatDuration(level.Longest)
	case level.Level.Severity == "warning":
		text += ": 0 fires"
	}
	worst, value := "greatest", s.Range.Max
	if s.Falls {
		worst, value = "least", s.Range.Min
	}
	return fmt.Sprintf("%s; %s value %s", text, worst, observe.Format(s.Unit, value))
}

// FormatRange writes the current, least, median and greatest value for people; a dash for none.
func (c Candidate) FormatRange(r backtest.Summary) (current, least, median, greatest string) {
	format := func(v float64) string {
		if math.IsNaN(v) {
			return "-"
		}
		return observe.Format(c.Unit, v)
	}
	return format(r.Current), format(r.Min), format(r.Median), format(r.Max)
}

// YAML is all that is suggested as a stream of YAML documents for kubectl apply: each threshold with its evidence as comments, and
// at the end why there is none for the others.
func YAML(all []Suggestion) (string, error) {
	var documents []string
	notes := ""
	for _, s := range all {
		if reason := s.Reason(); reason != "" {
			notes += Comment("", s.Title()+": nothing suggested: "+reason)
			continue
		}
		document, err := s.document()
		if err != nil {
			return "", err
		}
		documents = append(documents, document)
	}
	if notes != "" && len(documents) > 0 {
		notes = "\n" + notes
	}
	return strings.Join(documents, "---\n") + notes, nil
}

// document is the threshold as one YAML document, with its evidence as comments.
func (s Suggestion) document() (string, error) {
	current, least, median, greatest := s.FormatRange(s.Range)
	text := Comment("", fmt.Sprintf("%s: %s. Now %s; from %s to %s over %s, the median %s; series: %d", s.Title(), s.Means, current, least, greatest,
		backtest.FormatDuration(s.Window.Length()), median, s.Range.Series))
	for _, warning := range slices.Concat(s.Plan.KnownBucketWarnings, s.Plan.Warnings) {
		text += Comment("", warning)
	}
	head, err := yaml.Marshal(map[string]any{
		"apiVersion": s.Threshold.APIVersion, "kind": s.Threshold.Kind,
		"metadata": map[string]string{"namespace": s.Threshold.Namespace, "name": s.Threshold.Name},
		"spec":     map[string]any{"alert": s.Threshold.Spec.Alert, "signal": s.Threshold.Spec.Signal},
	})
	if err != nil {
		return "", err
	}
	text += string(head) + "  levels:\n" // spec is the last of the keys
	for i, level := range s.Threshold.Spec.Levels {
		item, err := yaml.Marshal([]v1alpha1.Level{level})
		if err != nil {
			return "", err
		}
		text += Comment("  ", s.Evidence(s.Levels[i])) + indent("  ", string(item))
	}
	return text, nil
}

func indent(by, text string) string {
	return by + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+by) + "\n"
}

// Comment is the text as one line of YAML comment: what a label or a server's answer holds cannot end it.
func Comment(by, text string) string {
	line := strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 }), " ")
	return by + "# " + cmp.Or(line, "-") + "\n"
}
