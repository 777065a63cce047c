#!/bin/sh
# Installs this checkout's charts/plimsoll into kubectl's current context, or upgrades it. A kind, k3d or minikube cluster gets
# images built from this checkout; any other pulls them from REGISTRY.
#
#   make install [NAMESPACE=ai] [REGISTRY=... TAG=...] [YES=1] [ARGS='--set prometheus.url=...']
#
# It asks before it touches a context that is not on this machine, unless YES=1. GEMINI_API_KEY goes into a Secret.
set -eu
cd "$(dirname "$0")/.."
: "${NAMESPACE:=ai}" "${REGISTRY:=}" "${TAG:=}"
context=$(kubectl config current-context)
case $context in
kind-* | k3d-* | minikube | docker-desktop | rancher-desktop | orbstack | colima) ;;
*)
	[ "$REGISTRY" ] || { echo "no way to load images into $context: push them, and say REGISTRY=... TAG=..." >&2; exit 1; }
	if [ "${YES:-}" != 1 ]; then
		server=$(kubectl config view --minify --output 'jsonpath={.clusters[0].cluster.server}')
		printf 'Install into context %s (%s), namespace %s? [y/N] ' "$context" "$server" "$NAMESPACE"
		read -r answer || answer=
		case $answer in y | Y | yes) ;; *) echo "nothing was changed; YES=1 answers for scripts" >&2; exit 1 ;; esac
	fi
	;;
esac

# From here on the context is named: another program may switch the current one.
if [ "$REGISTRY" ]; then
	set -- --set "image.registry=$REGISTRY,image.tag=$TAG"
else
	set --
	for program in assistant controller; do
		image=$(docker build --quiet --build-arg PROGRAM=$program --build-arg "VERSION=$(git describe --always --dirty --tags)" .)
		# A tag of its own for each content: the pods change with it.
		tag=$(echo "${image#sha256:}" | cut -c1-12)
		ref=localhost/plimsoll/$program:$tag
		docker tag "$image" "$ref"
		case $context in
		kind-*) kind load docker-image "$ref" --name "${context#kind-}" ;;
		k3d-*) k3d image import "$ref" --cluster "${context#k3d-}" ;;
		minikube) minikube image load "$ref" ;;
		esac
		set -- "$@" --set "$program.image.tag=$tag"
	done
fi

if [ "${GEMINI_API_KEY:-}" ]; then
	kubectl --context "$context" create namespace "$NAMESPACE" --dry-run=client --output yaml | kubectl --context "$context" apply --filename -
	printf %s "$GEMINI_API_KEY" | kubectl --context "$context" --namespace "$NAMESPACE" create secret generic plimsoll-assistant \
		--from-file=api-key=/dev/stdin --dry-run=client --output yaml | kubectl --context "$context" apply --filename -
fi
helm=$(command -v helm || echo hack/bin/helm)
# ARGS is words.
# shellcheck disable=SC2086
"$helm" --kube-context "$context" upgrade --install plimsoll charts/plimsoll --namespace "$NAMESPACE" --create-namespace "$@" ${ARGS:-}
