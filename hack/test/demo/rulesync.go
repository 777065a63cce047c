package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// syncInterval is how often the API server is asked for rules.
const syncInterval = 2 * time.Second

// SyncRules brings PrometheusRules from the API server, with a client that may read them, to a local Prometheus until ctx
// ends: what the operator does where there are pods. A PrometheusRule's spec is a rule file as it stands. Failures are
// logged, and tried again.
func SyncRules(ctx context.Context, client *http.Client, apiURL, prometheusURL, dir string) {
	var loaded map[string][]byte
	for {
		files, err := ruleFiles(ctx, client, apiURL)
		if err == nil && (loaded == nil || !maps.EqualFunc(files, loaded, bytes.Equal)) {
			if err = loadRules(ctx, prometheusURL, dir, files); err == nil {
				loaded = files
				slog.Info("rules loaded", "files", len(files))
			}
		}
		if err != nil && ctx.Err() == nil {
			slog.Error("synchronising rules failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(syncInterval):
		}
	}
}

// loadRules makes dir hold exactly files, and Prometheus load them.
func loadRules(ctx context.Context, prometheusURL, dir string, files map[string][]byte) error {
	old, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
	if err != nil {
		return err
	}
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, prometheusURL+"/-/reload", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("reloading Prometheus: %s", resp.Status)
	}
	return nil
}

// ruleFiles maps a file's name to its text for every PrometheusRule of the cluster.
func ruleFiles(ctx context.Context, client *http.Client, apiURL string) (map[string][]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, apiURL+"/apis/monitoring.coreos.com/v1/prometheusrules", nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("listing the PrometheusRules: %s", resp.Status)
	}
	var list struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
			Spec     json.RawMessage
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return nil, fmt.Errorf("listing the PrometheusRules: %w", err)
	}
	files := map[string][]byte{}
	for _, item := range list.Items {
		files[item.Metadata.Namespace+"."+item.Metadata.Name+".yaml"] = item.Spec // JSON is YAML
	}
	return files, nil
}
