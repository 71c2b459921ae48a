package main

import (
	"fmt"
	"slices"
	"sync"
	"text/template"
	"text/template/parse"

	"chartgen/gotools/prover/common"

	helm "helm.sh/helm/v4/pkg/chart/common"
)

// Renders that differ in the version of Kubernetes alone are one if no template can tell. What a render asks of the
// version is recorded: constraints that it is compared with, whose results decide, or more, so that it is for its own
// version only. Templates reach .Capabilities by that name, where they are rewritten to ask, or by a function that takes
// the whole context; what they then have prints itself and is recorded, and has no fields: Helm's engine renders a
// template that reads one.

const (
	allOf    = "__capabilities"  // gives a template .Capabilities
	compares = "__semverCompare" // is semverCompare for the version of .Capabilities
)

// asking rewrites `semverCompare "TEXT" PATH.Capabilities.KubeVersion.Version` and any other PATH.Capabilities.
func asking(node parse.Node) {
	if pipe, ok := node.(*parse.PipeNode); ok {
		for _, each := range pipe.Cmds {
			command(each)
		}
	}
	for _, each := range inside(node) {
		asking(each)
	}
}

func command(n *parse.CommandNode) {
	if first, ok := n.Args[0].(*parse.IdentifierNode); ok && (first.Ident == allOf || first.Ident == compares) {
		return
	}
	if len(n.Args) == 3 && n.Args[0].Type() == parse.NodeIdentifier && n.Args[1].Type() == parse.NodeString {
		owner, rest := split(n.Args[2])
		if owner != nil && n.Args[0].String() == "semverCompare" && slices.Equal(rest, []string{"KubeVersion", "Version"}) {
			n.Args[0], n.Args[2] = parse.NewIdentifier(compares).SetPos(n.Position()), owner
			return
		}
	}
	for number, each := range n.Args {
		switch inner := each.(type) {
		case *parse.PipeNode:
			asking(inner)
			continue
		case *parse.ChainNode:
			asking(inner.Node)
		}
		if owner, rest := split(each); owner != nil {
			call := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: each.Position()}
			call.Args = []parse.Node{parse.NewIdentifier(allOf).SetPos(each.Position()), owner}
			given := &parse.PipeNode{NodeType: parse.NodePipe, Pos: each.Position(), Cmds: []*parse.CommandNode{call}}
			n.Args[number] = given
			if len(rest) > 0 {
				n.Args[number] = &parse.ChainNode{NodeType: parse.NodeChain, Pos: each.Position(), Node: given, Field: rest}
			}
		}
	}
}

// split is a path up to its first Capabilities, and the rest; nil where it has none.
func split(node parse.Node) (parse.Node, []string) {
	cut := func(idents []string, from int) int { return slices.Index(idents[from:], "Capabilities") + from + 1 }
	switch n := node.(type) {
	case *parse.FieldNode:
		if at := cut(n.Ident, 0); at > 0 {
			return &parse.FieldNode{NodeType: parse.NodeField, Pos: n.Pos, Ident: n.Ident[:at]}, n.Ident[at:]
		}
	case *parse.VariableNode:
		if at := cut(n.Ident, 1); at > 1 {
			return &parse.VariableNode{NodeType: parse.NodeVariable, Pos: n.Pos, Ident: n.Ident[:at]}, n.Ident[at:]
		}
	case *parse.ChainNode:
		if at := cut(n.Field, 0); at > 0 {
			return &parse.ChainNode{NodeType: parse.NodeChain, Pos: n.Pos, Node: n.Node, Field: n.Field[:at]}, n.Field[at:]
		}
	}
	return nil, nil
}

var compared = plainFunctions["semverCompare"].(func(string, string) (bool, error))

// askedOf are the functions that asking puts into templates.
func (r *trace) askedOf() template.FuncMap {
	return template.FuncMap{
		allOf: func(given any) any {
			if own, ok := given.(*common.Capabilities); ok {
				return common.All(own)
			}
			return given
		},
		compares: func(constraint string, given any) (bool, error) {
			switch own := given.(type) {
			case *common.Capabilities:
				found, err := compared(constraint, common.Version(own))
				if err == nil {
					r.compared[constraint] = found
				}
				return found, err
			case *helm.Capabilities:
				return compared(constraint, own.KubeVersion.Version)
			}
			return false, fmt.Errorf("%T is not .Capabilities", given) // Helm's engine says what it says
		},
	}
}

// folded are renders with what they compared the version with.
type folded struct {
	compared map[string]bool
	text     string
	ran      []string
	err      error
}

// folds are the renders of a chart, by all that they are given but the version of Kubernetes.
type folds struct {
	lock sync.Mutex
	kept map[string][]folded
	size int
}

func (f *folds) get(key, version string) (folded, bool) {
	f.lock.Lock()
	defer f.lock.Unlock()
	for _, each := range f.kept[key] {
		alike := true
		for constraint, result := range each.compared {
			found, err := compared(constraint, version)
			alike = alike && err == nil && found == result
		}
		if alike {
			return each, true
		}
	}
	return folded{}, false
}

func (f *folds) put(key string, made folded) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.kept == nil || f.size > most {
		f.kept, f.size = map[string][]folded{}, 0
	}
	f.kept[key] = append(f.kept[key], made)
	f.size += len(key) + len(made.text)
}

// foldKey is all that a render is given besides the chart and the version; false where it cannot be told apart.
func (r *renderRequest) foldKey(values map[string]any) (string, bool) {
	w := plainWriter{nodes: 1 << 20, bytes: most}
	for _, text := range append([]string{r.Release, r.Namespace, r.HelmVersion, fmt.Sprint(r.Fixed)}, r.APIVersions...) {
		w.text(text)
	}
	ok := w.write(values)
	return w.to.String(), ok
}
