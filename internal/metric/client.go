package metric

// Metrics of model calls by client: who uses what. There are none without client keys. The client label has the names in
// the key file, never a key.
var (
	ClientCalls = Metric{
		Name: "client_model_calls_total", Type: Counter, Labels: []string{"client", "model", "status"},
		Help: "Model calls by the name of the client's key; status is success or error.",
	}
	ClientTokens = Metric{
		Name: "client_tokens_used_total", Type: Counter, Labels: []string{"client", "model", "type"},
		Help: "Tokens consumed by the name of the client's key; type is prompt or completion.",
	}
	ClientCost = Metric{
		Name: "client_cost_usd_total", Type: Counter, Unit: USD, Labels: []string{"client", "model"},
		Help: "Cost in US dollars by the name of the client's key, by the price file; absent for a model that has no price there.",
	}
)

// Client returns the metrics of clients, which All leaves out.
func Client() []Metric { return []Metric{ClientCalls, ClientTokens, ClientCost} }
