// Package price knows what tokens cost. Prices come from a file and from nowhere else: a model that is not in it has
// no price, which is not the same as being free. The package does no I/O.
package price

// perMillion is how many tokens a price is for.
const perMillion = 1e6

// Price is what a model costs, in US dollars per million tokens.
type Price struct {
	Prompt     float64
	Completion float64
	// Cached is the price of those prompt tokens that the vendor had cached.
	Cached float64
}

// PromptUSD is the cost in US dollars of so many prompt tokens that were not cached, and so many that were.
func (p Price) PromptUSD(fresh, cached int64) float64 {
	return (float64(fresh)*p.Prompt + float64(cached)*p.Cached) / perMillion
}

// CompletionUSD is the cost in US dollars of so many completion tokens.
func (p Price) CompletionUSD(tokens int64) float64 {
	return float64(tokens) * p.Completion / perMillion
}

// Table holds prices by the vendor's name of the model. The nil Table is valid and prices nothing.
type Table map[string]Price

// Of returns a model's price, and whether it has one.
func (t Table) Of(model string) (Price, bool) {
	p, ok := t[model]
	return p, ok
}
