# Plimsoll. `make` or `make help` lists what there is; everything longer than a line is in hack/dev.

# One way to compile: static, and without the machine's paths.
export CGO_ENABLED := 0
export GOFLAGS := -trimpath

# Compiled as all that it builds into hack/bin, with more flags (hack/build), so that they share the build cache.
DEV := go run '-gcflags=all=-l -dwarf=false -c=1' ./hack/dev
BIN := hack/bin
CRDS := charts/plimsoll/crds
GENERATED := config/crd config/rbac charts/plimsoll/crds charts/plimsoll/dashboards charts/plimsoll/rules charts/plimsoll-stack/crds \
	$(foreach chart,plimsoll plimsoll-stack,charts/$(chart)/README.md charts/$(chart)/values.schema.json) \
	internal/api/v1alpha1/zz_generated.deepcopy.go internal/tuner/web/dist
OPERATOR := github.com/prometheus-operator/prometheus-operator
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
STACK_CRDS := alertmanagerconfigs alertmanagers podmonitors probes prometheuses prometheusrules scrapeconfigs servicemonitors

LOGS ?= 1

.DEFAULT_GOAL := help

##@ The main job

.PHONY: demo
demo: ## Kubernetes on this machine, Plimsoll in it, a threshold applied, its alert firing; then Loki (LOGS=0: without)
	@$(DEV) -logs=$(LOGS) demo

.PHONY: demo-down
demo-down: ## remove all that the demo made
	@$(DEV) demo-down

##@ Tests

.PHONY: test
test: tools-test tools-release ## unit, chart and rule tests, and integration against a real API server; needs no root
	go test ./...
	go test -tags integration -timeout 20m ./cmd/kubectl-plimsoll ./hack/test/aiserver ./internal/controller ./internal/dashboards ./internal/promapi ./internal/webhook
	go test -tags integration -run 'TestCluster|TestAPIServer' ./hack/test/charttest

.PHONY: test-kubernetes-versions
test-kubernetes-versions: ## the charts' CRDs and the samples by the API servers' own code: of Kubernetes 1.30, 1.33, 1.34 and the product's
	cd hack/test/crdversions && for mod in *.mod; do echo $$mod; go test -count=1 -modfile=$$mod || exit 1; done

.PHONY: test-oldest
test-oldest: tools-test ## the controller's integration tests on the oldest Kubernetes that the chart allows; builds it, ten minutes once
	@$(DEV) tools kube-apiserver-oldest kube-controller-manager-oldest
	PLIMSOLL_TEST_KUBERNETES=-oldest go test -count=1 -tags integration -timeout 30m ./internal/controller ./internal/webhook

.PHONY: test-redis
test-redis: ## sessions in a real Redis, killed and back; needs redis-server, which root gets from Debian
	@$(DEV) debian redis-server
	go test -count=1 -tags redis ./internal/assistant/session ./cmd/assistant

.PHONY: test-clients
test-clients: ## openai-node, LangChain, the AI SDK and LlamaIndex, of npm, against the assistant; needs npm, which root gets from Debian
	@$(DEV) debian npm
	cd hack/test/clients && $(NPM_CI)
	go test -count=1 -tags clients ./hack/test/clients

.PHONY: test-tuner
test-tuner: tools-control-plane tools-prometheus ## the tuner's page in a real Chromium; needs npm and chromium, which root gets from Debian
	@$(DEV) debian npm chromium
	@$(DEV) tools kubectl
	cd internal/tuner/web && $(NPM_CI) && npm test
	cd hack/test/tuner && $(NPM_CI)
	go test -count=1 -tags tuner ./hack/test/tuner

.PHONY: test-logs
test-logs: ## 100,000 lines to Loki once each, while it and the collector are killed; the alert on errors fires
	@$(DEV) tools helm alertmanager loki otelcol
	go test -count=1 -tags logs ./hack/test/logtest

.PHONY: soak
soak: ## 100,000 requests in ten minutes, the model failing in every way: fails if one is lost or memory grows (SOAK=flags)
	go run ./hack/test/soak $(SOAK)

# Go 1.26 may report the end of a target's time as its failure, which go.dev/issue/75804 mends in Go 1.27.
.PHONY: fuzz
fuzz: ## every fuzz target of every package, each for FUZZTIME (10s)
	@targets=$$(go test -list '^Fuzz' ./...) || { echo "$$targets"; exit 1; }; failed=0; \
	targets=$$(echo "$$targets" | awk '/^Fuzz/ {n[++i] = $$1} /^ok/ {while (i) print n[i--] ":" $$2}'); \
	test -n "$$targets" || { echo "there is no fuzz target"; exit 1; }; \
	for target in $$targets; do \
		name=$${target%%:*}; package=$${target#*:}; result=ok; \
		out=$$(go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(or $(FUZZTIME),10s) -fuzzminimizetime 100x $$package 2>&1) || \
			{ echo "$$out" | grep -A1 '^--- FAIL: Fuzz' | grep -qx '    context deadline exceeded' && \
				! echo "$$out" | grep -q 'Failing input written'; } || { result=FAILED; failed=1; echo "$$out"; }; \
		printf '%-36s %-64s %12s  %s\n' $$name $$package "$$(echo "$$out" | sed -n 's/.*, execs: \([0-9]*\) .*/\1/p' | tail -n 1)" $$result; \
	done; exit $$failed

.PHONY: audit
audit: ## go.sum, gosec and known vulnerabilities; the last needs the network (AUDIT=-offline, or -vulndb URL of a mirror)
	@$(DEV) tools golangci-lint govulncheck
	go mod verify
	$(BIN)/golangci-lint run --allow-parallel-runners --enable-only gosec ./...
	$(if $(filter -offline,$(AUDIT)),@echo "known vulnerabilities: not checked (-offline)",$(BIN)/govulncheck $(patsubst -vulndb,-db,$(AUDIT)) ./...)

.PHONY: sbom
sbom: ## what is in the two images, as CycloneDX files beside the binaries in hack/bin
	@$(DEV) tools cyclonedx-gomod
	@$(DEV) programs
	for name in assistant controller; do \
		$(BIN)/cyclonedx-gomod bin -json -std -version $$(git describe --always --dirty --tags) -output $(BIN)/$$name.cdx.json $(BIN)/$$name || exit 1; done

.PHONY: harness
harness: ## what takes its time: broken builds that soak and chaos must catch, clients that are slow on purpose
	go test -tags harness -count=1 -timeout 30m -run 'Broken|Patient|StreamsThat' ./hack/test/soak ./cmd/assistant
	go test -tags integration -count=1 -timeout 30m -run Broken ./hack/test/chaos

.PHONY: chaos
chaos: ## 2,000 thresholds through every fault: fails if a rule is lost, doubled or late; on a node, or a control plane
	go run ./hack/test/chaos $(if $(DEPTH),-depth $(DEPTH))

.PHONY: race
race: ## unit tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 go test -race ./internal/... ./cmd/...

.PHONY: e2e
e2e: ## the main job asserted on a real node; needs root on Debian
	go test -tags e2e -count=1 -timeout 60m -v ./hack/test/e2e

.PHONY: lint
lint: ## golangci-lint: among other things, who may import whom; actionlint
	@$(DEV) tools golangci-lint actionlint
	$(BIN)/actionlint -shellcheck= -pyflakes=
	$(BIN)/golangci-lint run --build-tags integration,e2e,redis,logs,clients,tuner,harness

.PHONY: verify
verify: generate lint ## regenerate what is generated, lint, and fail if that changed a file
	go mod tidy -diff
	@git add --intent-to-add -- $(GENERATED)
	git diff --exit-code -- $(GENERATED)

.PHONY: bench
bench: tools-control-plane tools-prometheus ## what is promised, measured: prints tables, fails for nothing that is slow
	go test -run '^$$' -bench . -timeout 2h ./hack/test/bench

.PHONY: bench-backtest
bench-backtest: tools-prometheus ## a week of 100 series replayed: on one core, and all of it from a real Prometheus
	go test -run '^$$' -bench . -cpu 1 ./internal/backtest
	go test -run '^$$' -bench Backtest -timeout 1h ./hack/test/bench

.PHONY: bench-tune
bench-tune: tools-prometheus ## a level that moves over four weeks of 100 series: the replay, over HTTP, and all of it from a real Prometheus
	go test -run '^$$' -bench . ./internal/tuner/...
	go test -run '^$$' -bench Tune -timeout 1h ./hack/test/bench

.PHONY: bench-page
bench-page: tools-prometheus ## the tuner's page in Chromium over four weeks of 100 series: first picture, drags, frames, memory
	@$(DEV) debian npm chromium
	cd hack/test/tuner && $(NPM_CI)
	go test -run '^$$' -bench . -tags tuner ./hack/test/tuner

.PHONY: bench-controller
bench-controller: tools-control-plane ## the controller alone: 1,000 thresholds, singles, repairs, rest, restart, memory
	go test -run '^$$' -bench Controller -timeout 1h ./hack/test/bench

.PHONY: bench-observe
bench-observe: tools-control-plane tools-prometheus ## questions and status writes with 10 and 1,000 thresholds; the time that apply waits
	go test -run '^$$' -bench Observe -timeout 1h ./hack/test/bench

##@ Building

.PHONY: build
build: ## the product's programs, into hack/bin
	@$(DEV) programs

.PHONY: release
release: tools-release ## what VERSION=v1.2.3 publishes, into dist: programs, images, charts, krew manifest, SBOMs; the same bytes every time
	@$(DEV) debian buildah
	@hack/release.sh

.PHONY: generate
generate: ## deep copies, CRDs, RBAC, dashboards, default rules, the tuner's page, schemas and tables of the charts' values; needs npm
	@$(DEV) tools controller-gen
	$(BIN)/controller-gen object paths=./internal/api/...
	# Of each description its first sentence, which is all that kubectl explain needs: the limit is the longest of metav1.Condition.
	$(BIN)/controller-gen crd:maxDescLen=105 paths=./internal/api/... output:crd:dir=config/crd
	$(BIN)/controller-gen rbac:roleName=plimsoll-controller paths="./internal/controller/...;./internal/manager/..." output:rbac:dir=config/rbac
	install -m 644 config/crd/*.yaml $(CRDS)
	go -C hack/tools mod download $(OPERATOR)
	dir=$$(go -C hack/tools list -m -f '{{.Dir}}' $(OPERATOR)) && \
		for crd in $(STACK_CRDS); do install -m 644 $$dir/example/prometheus-operator-crd/*_$$crd.yaml charts/plimsoll-stack/crds/ || exit 1; done
	go run ./hack/dashboards charts/plimsoll/dashboards
	go run ./hack/chartdocs charts/plimsoll charts/plimsoll-stack
	@$(DEV) tools helm
	go run ./hack/defaultrules $(BIN)/helm charts/plimsoll > charts/plimsoll/rules/defaults.new
	mv charts/plimsoll/rules/defaults.new charts/plimsoll/rules/defaults.yaml
	@$(DEV) debian npm
	cd internal/tuner/web && $(NPM_CI) && npm run build --silent -- --logLevel warn

.PHONY: tools
tools: ## every pinned tool, into hack/bin
	@$(DEV) tools

.PHONY: tools-test
tools-test: tools-control-plane
	@$(DEV) tools kubectl helm helm-unittest prometheus promtool ruleengine alertmanager

.PHONY: tools-control-plane
tools-control-plane:
	@$(DEV) tools etcd kube-apiserver kube-controller-manager

.PHONY: tools-prometheus
tools-prometheus:
	@$(DEV) tools prometheus promtool

.PHONY: tools-release
tools-release:
	@$(DEV) tools helm cyclonedx-gomod

##@ Installing

.PHONY: install
install: ## this checkout into kubectl's current context; it asks first if that is not on this machine (see hack/install.sh)
	@command -v helm >/dev/null || $(DEV) tools helm
	@hack/install.sh

##@ A Kubernetes on this machine

.PHONY: cluster-up
cluster-up: ## start it: a node for root on Debian, else a control plane (DEPTH=node or control-plane to insist)
	@$(DEV) $(if $(DEPTH),-depth $(DEPTH)) cluster-up

.PHONY: cluster-load
cluster-load: ## build the images anew and load them into the node
	@$(DEV) cluster-load

.PHONY: cluster-down
cluster-down: ## stop it and remove all that it made
	@$(DEV) cluster-down

##@ Other

.PHONY: help
help: ## this text
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: clean
clean: ## remove everything that was built
	rm -rf $(BIN)
