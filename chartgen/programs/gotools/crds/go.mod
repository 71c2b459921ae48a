// The modules whose CRDs become schemas (chartgen/crds.py says which of their files). A module of its own, so that what
// they require changes no tool. Nothing is imported: `go mod tidy` would empty this file. Add or move a module by
// `go get MODULE@VERSION` here.
//
// gateway-api stays at 1.6 for as long as the tools beside this build with Go 1.26: 1.7 asks for Go 1.27.
module chartgen/gotools/crds

go 1.26.0

require sigs.k8s.io/gateway-api v1.6.3
