// Package price computes the cost of tokens. Prices come from a file only: a model that is not in it has no price, which is
// not the same as being free. The package does no I/O.
package price

// perMillion is how many tokens a price is for.
const perMillion = 1e6

// Price is the price of a model, in US dollars per million tokens.
type Price struct {
	Prompt     float64
	Completion float64
	// Cached is the price of prompt tokens that the vendor had cached.
	Cached float64
}

// PromptUSD returns the cost of prompt tokens in US dollars.
func (p Price) PromptUSD(uncached, cached int64) float64 {
	return (float64(uncached)*p.Prompt + float64(cached)*p.Cached) / perMillion
}

// CompletionUSD returns the cost of completion tokens in US dollars.
func (p Price) CompletionUSD(tokens int64) float64 {
	return float64(tokens) * p.Completion / perMillion
}

// Table holds prices by the vendor's name of the model. The nil Table is valid and has none.
type Table map[string]Price

// Of returns a model's price, and whether it has one.
func (t Table) Of(model string) (Price, bool) {
	p, ok := t[model]
	return p, ok
}
