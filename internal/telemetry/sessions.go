package telemetry

// SessionStoreError records an operation that the session store did not serve, one of metric.StoreOperations.
func (r *Recorder) SessionStoreError(operation string) {
	r.storeErrors.WithLabelValues(operation).Inc()
}
