package rules

import "testing"

func TestThresholdName(t *testing.T) {
	for alert, want := range map[string]string{
		"VLLMSlowFirstToken": "vllm-slow-first-token", "HighCPUUsage": "high-cpu-usage", "LiteLLMCostlyDay": "lite-llm-costly-day",
		"EnvoyAIGatewaySlowModel": "envoy-ai-gateway-slow-model", "OpenTelemetryManyTokens": "open-telemetry-many-tokens", "Unavailable": "unavailable",
		"etcd_No_Leader_": "etcd-no-leader",
	} {
		if got := ThresholdName(alert); got != want {
			t.Errorf("ThresholdName(%s) = %s, want %s", alert, got, want)
		}
	}
}
