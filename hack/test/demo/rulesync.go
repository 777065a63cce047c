package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// syncInterval is how often the API server is asked for rules.
const syncInterval = 2 * time.Second

// SyncRules brings PrometheusRules from the API server, with a client that may read them, to a local Prometheus until ctx
// ends: what the operator does where there are pods. A PrometheusRule's spec is a rule file as it stands. Failures are
// logged, and tried again.
func SyncRules(ctx context.Context, client *http.Client, apiURL, prometheusURL, dir string) {
	for {
		if err := syncRules(ctx, client, apiURL, prometheusURL, dir); err != nil && ctx.Err() == nil {
			slog.Error("rules not synchronised", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(syncInterval):
		}
	}
}

func syncRules(ctx context.Context, client *http.Client, apiURL, prometheusURL, dir string) error {
	files, err := ruleFiles(ctx, client, apiURL)
	if err != nil {
		return err
	}
	changed, err := writeFiles(dir, files)
	if err != nil || !changed {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, prometheusURL+"/-/reload", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("reload of Prometheus: %s", resp.Status)
		}
	}
	if err != nil {
		// The next round must see a change again.
		return errors.Join(err, clearDir(dir))
	}
	slog.Info("rules loaded", "files", len(files))
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
		return nil, fmt.Errorf("list PrometheusRules: %s", resp.Status)
	}
	var list struct {
		Items []struct {
			Metadata struct{ Namespace, Name string }
			Spec     json.RawMessage
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		return nil, fmt.Errorf("list PrometheusRules: %w", err)
	}
	files := map[string][]byte{}
	for _, item := range list.Items {
		files[item.Metadata.Namespace+"."+item.Metadata.Name+".yaml"] = item.Spec // JSON is YAML
	}
	return files, nil
}

// writeFiles makes dir hold exactly files, and says whether it did not already.
func writeFiles(dir string, files map[string][]byte) (changed bool, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false, err
	}
	for _, entry := range entries {
		if _, wanted := files[entry.Name()]; !wanted && strings.HasSuffix(entry.Name(), ".yaml") {
			changed = true
			if err := os.Remove(filepath.Join(dir, entry.Name())); err != nil {
				return changed, err
			}
		}
	}
	for name, text := range files {
		path := filepath.Join(dir, name)
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, text) {
			continue
		}
		changed = true
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return changed, err
		}
	}
	return changed, nil
}

func clearDir(dir string) error {
	_, err := writeFiles(dir, nil)
	return err
}
