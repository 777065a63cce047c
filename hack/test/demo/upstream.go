package demo

import (
	"os"
	"strings"
)

// The environment that says which model the demo talks to: a server that speaks OpenAI's API, with the key if it needs
// one, Gemini by its key, or else a stand-in for Gemini.
const (
	baseURLVariable   = "OPENAI_BASE_URL"
	modelVariable     = "OPENAI_MODEL"
	openAIKeyVariable = "OPENAI_API_KEY"
	geminiKeyVariable = "GEMINI_API_KEY"
)

// upstream is where the demo's model is.
type upstream struct {
	about   string
	key     string
	standIn bool
	// flags are the assistant's, as name=value.
	flags []string
}

// chosenUpstream reads the environment. The stand-in, if it is one, is at the address.
func chosenUpstream(standIn string) upstream {
	switch url, key := os.Getenv(baseURLVariable), os.Getenv(geminiKeyVariable); {
	case url != "":
		return upstream{about: url, key: os.Getenv(openAIKeyVariable), flags: []string{
			"upstream=openai", "openai-base-url=" + url, "model=" + os.Getenv(modelVariable),
		}}
	case key != "":
		return upstream{about: "Gemini", key: key}
	default:
		return upstream{
			about: "a stand-in for Gemini (neither " + geminiKeyVariable + " nor " + baseURLVariable + " is set)",
			key:   "stand-in", standIn: true, flags: []string{"gemini-endpoint=" + standIn},
		}
	}
}

// values are the flags, and the Secret with the key, as values of the chart.
func (u upstream) values() []string {
	names := strings.NewReplacer("openai-base-url=", "openai.baseURL=", "gemini-endpoint=", "geminiEndpoint=")
	var args []string
	for _, f := range u.flags {
		args = append(args, "--set", "assistant."+names.Replace(f))
	}
	if u.key != "" { // a server that speaks OpenAI's API may need none
		args = append(args, "--set", "assistant.apiKey.existingSecret="+Assistant)
	}
	return args
}

// args are the flags as arguments of the program.
func (u upstream) args() []string {
	var args []string
	for _, f := range u.flags {
		args = append(args, "--"+f)
	}
	return args
}
