// Which keys the templates of a chart read that no render has: what `missingkey=error` would refuse, over all renders.
//
// This file is compiled into the prover, beside its sources. With STRICT set, it renders the requests on standard input
// and prints a line of JSON for each place where a template reads a key of a map: {"file", "in" (the template), "line",
// "read", "key", "found", "missed"}, the numbers of times that the map had the key and that it did not. A place that no render
// reaches has zeros.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

type place struct {
	File   string `json:"file"`
	In     string `json:"in"`
	Line   int    `json:"line"`
	Read   string `json:"read"`
	Key    string `json:"key"`
	Found  int    `json:"found"`
	Missed int    `json:"missed"`
}

type strict struct {
	places []*place
	failed int // reads that end a render with an error
}

func init() {
	if os.Getenv("STRICT") == "" {
		return
	}
	requests := make(chan request, 1<<16)
	go read(requests)
	var seen *strict
	for each := range requests {
		slot := found(each.Render.Chart)
		if seen == nil {
			if slot.chart == nil || slot.chart.engine == nil {
				fmt.Fprintln(os.Stderr, "strict: the chart is not rendered here:", slot.uncovered, slot.err)
				os.Exit(2)
			}
			seen = &strict{}
			seen.watch(slot.chart.engine)
		}
		// Helm's own engine renders what this one cannot, and reads nothing here.
		before := seen.failed
		done := rendered(each.Render)
		refused := strings.HasPrefix(done.Error, "execution error at ")
		if seen.failed > before || done.Uncovered != "" || done.Ran == nil && done.Error != "" && !refused {
			fmt.Fprintln(os.Stderr, "strict: not watched:", each.ID, done.Uncovered, done.Error)
		}
	}
	lines := json.NewEncoder(os.Stdout)
	for _, each := range seen.places {
		if lines.Encode(each) != nil {
			os.Exit(1)
		}
	}
	os.Exit(0)
}

// watch makes every read of a key in the templates a call of the function `watched`.
func (s *strict) watch(e *templates) {
	e.parsed.Funcs(template.FuncMap{"watched": s.watched})
	all := e.parsed.Templates()
	sort.Slice(all, func(i, j int) bool { return all[i].Name() < all[j].Name() })
	for _, each := range all {
		if each.Tree != nil {
			s.list(each.Tree, each.Tree.Root)
		}
	}
}

func (s *strict) list(t *parse.Tree, list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, each := range list.Nodes {
		switch n := each.(type) {
		case *parse.ActionNode:
			s.pipe(t, n.Pipe)
		case *parse.IfNode:
			s.branch(t, &n.BranchNode)
		case *parse.RangeNode:
			s.branch(t, &n.BranchNode)
		case *parse.WithNode:
			s.branch(t, &n.BranchNode)
		case *parse.TemplateNode:
			s.pipe(t, n.Pipe)
		}
	}
}

func (s *strict) branch(t *parse.Tree, b *parse.BranchNode) {
	s.pipe(t, b.Pipe)
	s.list(t, b.List)
	s.list(t, b.ElseList)
}

func (s *strict) pipe(t *parse.Tree, pipe *parse.PipeNode) {
	if pipe == nil {
		return
	}
	for i, command := range pipe.Cmds {
		for j, arg := range command.Args {
			// With arguments it is a method.
			if method := j == 0 && (len(command.Args) > 1 || i > 0); !method {
				command.Args[j] = s.argument(t, arg)
			}
		}
	}
}

func (s *strict) argument(t *parse.Tree, node parse.Node) parse.Node {
	switch n := node.(type) {
	case *parse.PipeNode:
		s.pipe(t, n)
	case *parse.FieldNode:
		return s.call(t, n, &parse.DotNode{NodeType: parse.NodeDot, Pos: n.Pos}, n.Ident)
	case *parse.VariableNode:
		if len(n.Ident) > 1 {
			base := &parse.VariableNode{NodeType: parse.NodeVariable, Pos: n.Pos, Ident: n.Ident[:1]}
			return s.call(t, n, base, n.Ident[1:])
		}
	case *parse.ChainNode:
		return s.call(t, n, s.argument(t, n.Node), n.Field)
	}
	return node
}

// call is `(watched N base "key" …)`, where N is the place of the first key.
func (s *strict) call(t *parse.Tree, read, base parse.Node, keys []string) parse.Node {
	pos := read.Position()
	number := len(s.places)
	args := []parse.Node{
		parse.NewIdentifier("watched").SetPos(pos).SetTree(t),
		&parse.NumberNode{NodeType: parse.NodeNumber, Pos: pos, IsInt: true, Int64: int64(number), Text: strconv.Itoa(number)},
		base,
	}
	location, _ := t.ErrorContext(read)
	parts := strings.Split(location, ":")
	line, _ := strconv.Atoi(parts[1])
	for _, key := range keys {
		s.places = append(s.places, &place{File: parts[0], In: t.Name, Line: line, Read: read.String(), Key: key})
		args = append(args, &parse.StringNode{NodeType: parse.NodeString, Pos: pos, Quoted: strconv.Quote(key), Text: key})
	}
	command := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos, Args: args}
	return &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{command}}
}

func (s *strict) count(number int, found bool) {
	if found {
		s.places[number].Found++
	} else {
		s.places[number].Missed++
	}
}

// watched is what Go's templates do with `base.key…`, counted.
func (s *strict) watched(number int, base any, keys ...string) (any, error) {
	for i, key := range keys {
		value := reflect.ValueOf(base)
		for value.Kind() == reflect.Pointer && value.Elem().Kind() == reflect.Struct && !value.MethodByName(key).IsValid() {
			value = value.Elem()
		}
		switch {
		case value.IsValid():
		case i == 0: // as where the dot, a variable or a pipeline in brackets has no value
			return nil, nil
		default:
			s.failed++
			return nil, fmt.Errorf("nil pointer evaluating interface {}.%s", key)
		}
		if method := value.MethodByName(key); method.IsValid() {
			base = method.Call(nil)[0].Interface()
			s.count(number+i, true)
			continue
		}
		switch value.Kind() {
		case reflect.Map:
			item := value.MapIndex(reflect.ValueOf(key))
			s.count(number+i, item.IsValid())
			base = nil
			if item.IsValid() {
				base = item.Interface()
			}
		case reflect.Struct:
			base = value.FieldByName(key).Interface()
			s.count(number+i, true)
		default:
			s.failed++
			return nil, fmt.Errorf("can't evaluate field %s in type %s", key, value.Type())
		}
	}
	return base, nil
}
