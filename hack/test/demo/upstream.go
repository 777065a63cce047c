package demo

import (
	"os"
	"strings"
)

// upstream is where the demo's model is. The assistant's flags are name=value.
type upstream struct {
	about, key string
	standIn    bool
	flags      []string
}

// chosenUpstream reads the environment: a server that speaks OpenAI's API, Gemini by its key, or else the stand-in at an
// address.
func chosenUpstream(standIn string) upstream {
	if url := os.Getenv("OPENAI_BASE_URL"); url != "" {
		return upstream{about: url, key: os.Getenv("OPENAI_API_KEY"), flags: []string{
			"upstream=openai", "openai-base-url=" + url, "model=" + os.Getenv("OPENAI_MODEL"),
		}}
	}
	if key := os.Getenv("GEMINI_API_KEY"); key != "" {
		return upstream{about: "Gemini", key: key}
	}
	return upstream{
		about: "a stand-in for Gemini (neither GEMINI_API_KEY nor OPENAI_BASE_URL is set)", key: "stand-in", standIn: true,
		flags: []string{"gemini-endpoint=" + standIn},
	}
}

// args returns the flags, as values of the chart with the Secret of the key if there is one, or as the program's.
func (u upstream) args(chart bool) (args []string) {
	names := strings.NewReplacer("openai-base-url=", "openai.baseURL=", "gemini-endpoint=", "geminiEndpoint=")
	for _, f := range u.flags {
		if chart {
			args = append(args, "--set", "assistant."+names.Replace(f))
		} else {
			args = append(args, "--"+f)
		}
	}
	if chart && u.key != "" {
		args = append(args, "--set", "assistant.apiKey.existingSecret="+Assistant)
	}
	return args
}
