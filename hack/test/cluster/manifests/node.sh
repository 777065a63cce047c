# PID 1 of the node, in a mount and a PID namespace of its own. $1 is the cluster's folder, $2 the binaries'.
# Where programs have fixed paths outside the folder, they find the folder's: nothing is written to the machine's own.
dir=$1 bin=$2
mount --make-rshared /
mkdir -p "$dir/run" "$dir/log" "$dir/kubelet" "$dir/var-lib/upper" "$dir/var-lib/work" "$dir/containers"
cp /etc/resolv.conf "$dir/resolv.conf"
mount -t overlay -o "lowerdir=/var/lib,upperdir=$dir/var-lib/upper,workdir=$dir/var-lib/work" overlay /var/lib
mount --bind "$dir/log" /var/log
mount --bind "$dir/run" /run
logs=$dir/logs

run() {
	name=$1
	shift
	"$@" >>"$logs/$name.log" 2>&1 &
	pids="$pids $!"
}
pids=""
run containerd containerd --config "$dir/containerd.toml"
until [ -S /run/containerd/containerd.sock ]; do sleep 0.1; done
run kubelet "$bin/kubelet" --config "$dir/kubelet.yaml" --kubeconfig "$dir/pki/kubelet.kubeconfig" \
	--root-dir "$dir/kubelet" --hostname-override plimsoll --node-ip "$(sed -n 's/^address: //p' "$dir/kubelet.yaml")"
run kube-proxy "$bin/kube-proxy" --config "$dir/kube-proxy.yaml"

# The shell reaps every orphan of the namespace. The first of the three to end ends the node, and says so.
trap 'exit 0' TERM INT
while kill -0 $pids 2>/dev/null; do sleep 1; done
echo "containerd, kubelet or kube-proxy has ended: see its log in $logs" >&2
exit 1
