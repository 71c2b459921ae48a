// The modules whose CRDs become schemas (chartgen/kubernetes/crds.py says which of their files). A module of its own, so that what
// they require changes no tool. Nothing is imported: `go mod tidy` would empty this file. Add or move a module by
// `go get MODULE@VERSION` here.
//
// gateway-api stays at 1.6 for as long as the tools beside this build with Go 1.26: 1.7 asks for Go 1.27.
module chartgen/gotools/crds

go 1.26.0

require (
	github.com/kedacore/keda/v2 v2.21.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	github.com/ray-project/kuberay/ray-operator v1.5.0
	istio.io/api v1.28.0
	sigs.k8s.io/gateway-api v1.6.3
	sigs.k8s.io/gateway-api-inference-extension v1.6.0
	sigs.k8s.io/lws v0.9.0
)
