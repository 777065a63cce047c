package bench

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// errorEvery is how many conversations there are to one that fails.
const errorEvery = 50

// writeLog writes a log of about lines lines to path, through the assistant's own logger: conversations of two lines
// each, some of which fail.
func writeLog(path string, lines int, end time.Time) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("making a log: %w", err)
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, 1<<16)
	handler := logs.New(out, slog.LevelInfo).Handler()
	random := rand.New(rand.NewPCG(1, 2))
	start := end.Add(-time.Duration(lines) * 20 * time.Millisecond)
	for i := 0; i < lines; i += 2 {
		now := start.Add(time.Duration(i) * 20 * time.Millisecond)
		if err := conversation(handler, random, now, i/2); err != nil {
			return fmt.Errorf("writing a log: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing a log: %w", err)
	}
	return f.Close()
}

func conversation(h slog.Handler, random *rand.Rand, now time.Time, number int) error {
	ctx := logs.WithRequestID(context.Background(), fmt.Sprintf("%026X", random.Uint64()))
	took := time.Duration(random.ExpFloat64() * float64(time.Second))
	write := func(level slog.Level, message string, attrs ...slog.Attr) error {
		r := slog.NewRecord(now, level, message, 0)
		r.AddAttrs(attrs...)
		return h.Handle(ctx, r)
	}
	model := slog.String("model", "gemini-flash-latest")
	request := []slog.Attr{slog.String("method", "POST"), slog.String("endpoint", "/chat")}
	total := slog.Duration("duration", took+300*time.Microsecond)
	prompt := slog.Int("prompt_length", random.IntN(2000))
	if number%errorEvery == 0 {
		const why = `quota: googleapi: Error 429: Quota exceeded for metric "generate_requests_per_minute"`
		kind, failure := slog.String("error_type", "quota"), slog.String("error", why)
		if err := write(slog.LevelError, "AI model call failed", model, failure, kind, prompt, slog.Duration("duration", took)); err != nil {
			return err
		}
		return write(slog.LevelWarn, "Request failed", append(request, slog.Int("status", 429), total, kind, failure)...)
	}
	if err := write(slog.LevelInfo, "AI model call successful", model, prompt,
		slog.Int("response_length", random.IntN(4000)),
		slog.Group("tokens", slog.Int("prompt", random.IntN(500)), slog.Int("completion", random.IntN(1000))),
		slog.Duration("duration", took)); err != nil {
		return err
	}
	return write(slog.LevelInfo, "Request completed", append(request, slog.Int("status", 200), total)...)
}
