package main

import (
	"crypto/sha256"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/template"
	"text/template/parse"

	"helm.sh/helm/v4/pkg/chart/common"
)

// What of its data a template reads is known from the templates themselves, where they say it: `.Values.replicas`,
// `include "name" .` and the like. Its result is then that of these parts of its data alone, and the other parts, such as
// those of a whole context, need not be plain or alike. Whatever cannot be followed counts as read with all that is in it;
// a template that changes its data, or asks for more than it, has no such reading.

// reading is what of its data a template reads, those that it calls included.
type reading struct {
	whole   []string // paths, as path has them: all that is there
	shape   []string // whether something is there, and whether it counts as true
	changes bool     // may change what it reads

	// How often an earlier result was looked for and was there, what looking took, and what running takes.
	tried, found, looked, ran atomic.Int64
}

const (
	mostReads = 1000 // paths in a reading
	enough    = 50   // tries that tell whether they pay
	between   = "\x00"
)

// known is what an expression can be, for as long as nothing is known of its data: a part of the data, a map or a list
// that the template made of such parts, by their keys or places, or anything else, all of which has been read.
type known struct {
	part  bool
	path  string
	keys  map[string]*known
	word  *string
	rest  *known // of a map: where its other keys are from
	fresh bool   // a map of its own, whose keys can change without a change of the data
}

var anything = &known{}

// parts is whether there are parts of the data in something.
func (v *known) parts() bool {
	if v.part || v.rest != nil {
		return true
	}
	for _, each := range v.keys {
		if each.parts() {
			return true
		}
	}
	return false
}

// reader follows one template for what it reads of its data.
type reader struct {
	of      *readings
	whole   map[string]bool
	shape   map[string]bool
	owners  map[string]bool // had fields read: whether they can have any matters even where nobody uses these
	changes bool
	open    bool // reads more than can be followed, or changes its data
	inside  []string
}

// cell is a variable.
type cell struct{ value *known }

type scope map[string]*cell

func (s scope) inner() scope {
	made := make(scope, len(s))
	for name, each := range s {
		made[name] = each
	}
	return made
}

// deepestCalls is how many templates are followed that are given maps and lists which are made for them.
const deepestCalls = 40

// followed is what a template reads of its data; that of a template that calls itself is open.
func (m *readings) followed(name string) *reader {
	if found, ok := m.readers[name]; ok {
		return found
	}
	r := &reader{of: m, whole: map[string]bool{}, shape: map[string]bool{}, owners: map[string]bool{}}
	m.readers[name] = &reader{open: true, changes: true}
	r.run(m.tree(name), &known{part: true}, nil)
	m.readers[name] = r
	return r
}

// reading is nil where a template has none.
func (r *reader) reading() *reading {
	if r.open || r.whole[""] || len(r.whole)+len(r.shape)+len(r.owners) > mostReads {
		return nil
	}
	covered := func(path string) bool {
		for at := range path {
			if strings.HasPrefix(path[at:], between) && r.whole[path[:at]] {
				return true
			}
		}
		return false
	}
	made := &reading{changes: r.changes}
	for path := range r.whole {
		if !covered(path) {
			made.whole = append(made.whole, path)
		}
	}
	for path := range r.shape {
		if !covered(path) && !r.whole[path] {
			made.shape = append(made.shape, path)
		}
	}
	for path := range r.owners {
		if !covered(path) && !r.whole[path] && !r.shape[path] && !above(path, made.whole) && !above(path, made.shape) {
			made.shape = append(made.shape, path)
		}
	}
	slices.Sort(made.whole)
	slices.Sort(made.shape)
	return made
}

// above is whether a path leads to any of others.
func above(path string, others []string) bool {
	return slices.ContainsFunc(others, func(other string) bool {
		return path == "" || strings.HasPrefix(other, path+between)
	})
}

// enter is a call of a template.
func (r *reader) enter(name string, data *known) {
	if !data.parts() { // it can reach nothing of it, whatever it reads
		inner := r.of.followed(name)
		if inner.changes || inner.open {
			r.changes = true
			r.use(data) // it can be another
		}
		return
	}
	if !data.part {
		if slices.Contains(r.inside, name) || len(r.inside) > deepestCalls {
			r.use(data)
			r.changes = true
			return
		}
		r.inside = append(r.inside, name)
		r.run(r.of.tree(name), data, nil)
		r.inside = r.inside[:len(r.inside)-1]
		return
	}
	inner := r.of.followed(name)
	r.open = r.open || inner.open
	r.changes = r.changes || inner.changes
	for each := range inner.whole {
		r.whole[joined(data.path, each)] = true
	}
	for each := range inner.shape {
		r.shape[joined(data.path, each)] = true
	}
	for each := range inner.owners {
		r.owners[joined(data.path, each)] = true
	}
}

func joined(path, inner string) string {
	if path == "" || inner == "" {
		return path + inner
	}
	return path + between + inner
}

// use says that all of something is read. Whoever has it then can change it by another name, so that what was known of a
// map that the template made is known no more.
func (r *reader) use(v *known) {
	if v.part {
		r.whole[v.path] = true
	}
	for key, each := range v.keys {
		v.keys[key] = anything
		r.use(each)
	}
	if rest := v.rest; rest != nil {
		v.rest = nil
		r.use(rest)
	}
}

// truth says that it matters whether something counts as true.
func (r *reader) truth(v *known) {
	if v.part {
		r.shape[v.path] = true
	}
	if v.rest != nil {
		r.truth(v.rest)
	}
}

func (r *reader) all(values []*known) *known {
	for _, each := range values {
		r.use(each)
	}
	return anything
}

// at is what a value has under a key.
func (r *reader) at(v *known, key string) *known {
	if v.part {
		r.owners[v.path] = true
		return &known{part: true, path: joined(v.path, key)}
	}
	found := v.keys[key]
	switch {
	case found != nil && v.rest != nil: // which one it is, or that it is both, depends on them
		r.use(found)
		r.use(r.at(v.rest, key))
		return anything
	case found != nil:
		return found
	case v.rest != nil:
		return r.at(v.rest, key)
	}
	return anything
}

func (r *reader) fields(v *known, keys []string) *known {
	for _, key := range keys {
		v = r.at(v, key)
	}
	return v
}

// run follows a part of a template, or all of one where it has no variables yet.
func (r *reader) run(list *parse.ListNode, dot *known, variables scope) {
	if list == nil || r.open {
		return
	}
	if variables == nil {
		variables = scope{"$": {dot}}
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			v := r.pipe(n.Pipe, dot, variables)
			if len(n.Pipe.Decl) == 0 {
				r.use(v)
			}
		case *parse.IfNode:
			inner := variables.inner()
			r.condition(n.Pipe, dot, inner)
			r.run(n.List, dot, inner.inner())
			r.run(n.ElseList, dot, inner.inner())
		case *parse.WithNode:
			inner := variables.inner()
			v := r.pipe(n.Pipe, dot, inner)
			r.truth(v)
			r.run(n.List, v, inner.inner())
			r.run(n.ElseList, dot, inner.inner())
		case *parse.RangeNode:
			inner := variables.inner()
			r.use(r.value(n.Pipe, dot, inner))
			for _, each := range n.Pipe.Decl {
				r.bind(each, anything, n.Pipe.IsAssign, inner)
			}
			for range 2 { // what it does to variables and maps is there when it runs again
				r.run(n.List, anything, inner.inner())
			}
			r.run(n.ElseList, dot, inner.inner())
		case *parse.TemplateNode:
			given := anything
			if n.Pipe != nil {
				given = r.pipe(n.Pipe, dot, variables)
			}
			r.enter(n.Name, given)
		case *parse.TextNode, *parse.CommentNode, *parse.BreakNode, *parse.ContinueNode:
		default:
			r.open = true
		}
	}
}

// condition is what is only asked whether it counts as true.
func (r *reader) condition(pipe *parse.PipeNode, dot *known, variables scope) {
	if len(pipe.Decl) == 0 && len(pipe.Cmds) == 1 {
		arguments := pipe.Cmds[0].Args
		name, called := arguments[0].(*parse.IdentifierNode)
		if called && slices.Contains([]string{"and", "or", "not", "empty"}, name.Ident) {
			for _, each := range arguments[1:] {
				if inner, ok := each.(*parse.PipeNode); ok {
					r.condition(inner, dot, variables)
				} else {
					r.truth(r.term(each, dot, variables))
				}
			}
			return
		}
	}
	r.truth(r.pipe(pipe, dot, variables))
}

func (r *reader) pipe(pipe *parse.PipeNode, dot *known, variables scope) *known {
	v := r.value(pipe, dot, variables)
	for _, each := range pipe.Decl {
		r.bind(each, v, pipe.IsAssign, variables)
	}
	return v
}

func (r *reader) bind(variable *parse.VariableNode, v *known, again bool, variables scope) {
	name := variable.Ident[0]
	before := variables[name]
	if !again || before == nil {
		variables[name] = &cell{v}
		return
	}
	// A branch may not run, and a loop may run again.
	r.use(before.value)
	r.use(v)
	before.value = anything
}

func (r *reader) value(pipe *parse.PipeNode, dot *known, variables scope) *known {
	var last *known
	for _, each := range pipe.Cmds {
		last = r.command(each, dot, variables, last)
	}
	return last
}

func (r *reader) command(n *parse.CommandNode, dot *known, variables scope, last *known) *known {
	var arguments []*known
	for _, each := range n.Args[1:] {
		arguments = append(arguments, r.term(each, dot, variables))
	}
	if last != nil {
		arguments = append(arguments, last)
	}
	if name, ok := n.Args[0].(*parse.IdentifierNode); ok {
		return r.call(name.Ident, arguments)
	}
	first := r.term(n.Args[0], dot, variables)
	if len(arguments) > 0 { // a method, such as .Files.Get
		r.use(first)
		return r.all(arguments)
	}
	return first
}

func (r *reader) term(node parse.Node, dot *known, variables scope) *known {
	switch n := node.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return r.fields(dot, n.Ident)
	case *parse.VariableNode:
		if found := variables[n.Ident[0]]; found != nil {
			return r.fields(found.value, n.Ident[1:])
		}
	case *parse.ChainNode:
		return r.fields(r.term(n.Node, dot, variables), n.Field)
	case *parse.PipeNode:
		return r.pipe(n, dot, variables)
	case *parse.IdentifierNode:
		return r.call(n.Ident, nil)
	case *parse.StringNode:
		if !strings.Contains(n.Text, between) {
			return &known{word: &n.Text}
		}
		return anything
	case *parse.NumberNode:
		if n.IsInt && strconv.FormatInt(n.Int64, 10) == n.Text {
			return &known{word: &n.Text}
		}
		return anything
	case *parse.BoolNode, *parse.NilNode:
		return anything
	}
	r.open = true
	return anything
}

func (r *reader) call(name string, arguments []*known) *known {
	word := func(number int) string {
		if number < len(arguments) && arguments[number].word != nil {
			return *arguments[number].word
		}
		return ""
	}
	switch name {
	case allOf, compares:
		r.open = r.open || arguments[len(arguments)-1].part
		// Anything else that has capabilities was read as a whole, and is not plain.
		r.all(arguments)
	case "tpl":
		r.changes = true
		r.all(arguments)
	case "include":
		if len(arguments) != 2 || word(0) == "" {
			r.changes = true
			return r.all(arguments)
		}
		r.enter(word(0), arguments[1])
	case "dict":
		made := &known{keys: map[string]*known{}}
		for number := 0; number+1 < len(arguments); number += 2 {
			if word(number) == "" {
				return r.all(arguments)
			}
			made.keys[word(number)] = arguments[number+1]
		}
		return made
	case "list":
		made := &known{keys: map[string]*known{}}
		for number, each := range arguments {
			made.keys[nth(number)] = each
		}
		return made
	case "first", "last":
		if len(arguments) == 1 && listed(arguments[0]) {
			number := 0
			if name == "last" {
				number = len(arguments[0].keys) - 1
			}
			return arguments[0].keys[nth(number)]
		}
		return r.all(arguments)
	case "index":
		if len(arguments) == 2 && listed(arguments[0]) && arguments[0].keys["#"+word(1)] != nil {
			return arguments[0].keys["#"+word(1)]
		}
		return r.all(arguments)
	case "get":
		if len(arguments) == 2 && word(1) != "" && !listed(arguments[0]) {
			return r.at(arguments[0], word(1))
		}
		return r.all(arguments)
	case "hasKey":
		if len(arguments) == 2 && word(1) != "" && !listed(arguments[0]) {
			r.use(r.at(arguments[0], word(1)))
			return anything
		}
		return r.all(arguments)
	case "set", "unset":
		if len(arguments) == 0 || arguments[0].part {
			r.open = true
			break
		}
		return r.changed(arguments[0], arguments[1:])
	case "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite":
		if len(arguments) == 0 || arguments[0].part {
			r.open = true
			break
		}
		into := arguments[0]
		if len(arguments) == 2 && mapped(into) && arguments[1].part {
			// Maps under a key of both are merged in their place, and can be parts of the data.
			for key, each := range into.keys {
				if each.word == nil {
					r.changes = true
					r.use(each)
					r.use(r.at(arguments[1], key))
					into.keys[key] = anything
				}
			}
			r.truth(arguments[1]) // fails where it is no map
			into.rest = arguments[1]
			return into
		}
		// Those of a map that was merged before have its maps in them, which are changed by the next.
		r.changes = true
		if rest := into.rest; rest != nil {
			into.rest = nil
			r.use(rest)
		}
		return r.changed(into, arguments[1:])
	case "deepCopy", "mustDeepCopy", "fromYaml", "fromYamlArray", "fromJson", "fromJsonArray", "mustFromJson":
		r.all(arguments)
		return &known{fresh: true}
	default:
		return r.all(arguments)
	}
	return anything
}

// changed is a map after its keys have changed, or others have come. All that is in it was read; but which of its keys
// are new is not known, since this may be a branch or a loop.
func (r *reader) changed(to *known, by []*known) *known {
	r.all(by)
	r.changes = r.changes || to.keys == nil && !to.fresh
	for key, each := range to.keys {
		r.use(each)
		to.keys[key] = anything
	}
	return to
}

func nth(number int) string { return "#" + strconv.Itoa(number) }

// listed is whether something is a list that the template made; mapped, whether it is such a map.
func listed(v *known) bool { return v.keys[nth(0)] != nil }

func mapped(v *known) bool { return v.keys != nil && v.rest == nil && !listed(v) }

// key is what a template reads of its data, with its name; false where that is not plain, or too much. The files are
// those of the chart, which are the same in each render.
func (of *reading) key(name string, data any, files any) (made key, ok bool) {
	w := plainWriter{nodes: readNodes, bytes: readBytes, files: reflect.ValueOf(files).Pointer(), alike: !of.changes}
	w.byte('r') // tells it from a plain key
	w.text(name)
	for _, path := range of.whole {
		if !w.part(data, path, true) {
			return made, false
		}
	}
	for _, path := range of.shape {
		if !w.part(data, path, false) {
			return made, false
		}
	}
	return sha256.Sum256(w.to), true
}

// pays is whether to look for an earlier result: there may be none, or it may take as long as to run the template.
func (of *reading) pays() bool {
	if of == nil {
		return false
	}
	tried, found := of.tried.Load(), of.found.Load()
	return tried < enough || found*of.ran.Load() > of.looked.Load()*max(tried-found, 1)
}

// readings are those of a chart's templates, by name.
type readings struct {
	lock    sync.Mutex
	parsed  *template.Template
	readers map[string]*reader
	kept    map[string]*reading
}

func (m *readings) of(name string) *reading {
	m.lock.Lock()
	defer m.lock.Unlock()
	found, ok := m.kept[name]
	if !ok {
		found = m.followed(name).reading()
		m.kept[name] = found
	}
	return found
}

// tree is nil where there is no such template.
func (m *readings) tree(name string) *parse.ListNode {
	if found := m.parsed.Lookup(name); found != nil && found.Tree != nil {
		return found.Tree.Root
	}
	return nil
}

const (
	readNodes = 4096
	readBytes = 64 << 10
)

// part writes what is at a path: how far it leads, and what is there.
func (w *plainWriter) part(data any, path string, whole bool) bool {
	all := path
	for deep := 0; path != ""; deep++ {
		if !w.passed(data, strings.TrimSuffix(all, path)) {
			return false
		}
		key, rest, _ := strings.Cut(path, between)
		var inner any
		var there bool
		switch v := data.(type) {
		case map[string]any:
			inner, there = v[key]
		case common.Values:
			if methods[key] {
				return false
			}
			inner, there = v[key]
		default: // not a map: what is read of it is nothing, an error, or a method's result
			w.byte('-')
			w.number(uint64(deep))
			return w.write(data)
		}
		if !there {
			w.byte('x')
			w.number(uint64(deep))
			return true
		}
		data, path = inner, rest
	}
	if !whole {
		if all != "" {
			all += between
		}
		if !w.passed(data, all) {
			return false
		}
		switch v := data.(type) {
		case map[string]any:
			w.filled('M', v == nil, len(v))
			return true
		case common.Values:
			w.filled('V', v == nil, len(v))
			return true
		case []any:
			w.filled('A', v == nil, len(v))
			return true
		}
	}
	return w.write(data)
}

// methods are the names of those of values, which a template calls as it reads a field.
var methods = func() map[string]bool {
	found := map[string]bool{}
	for number := range reflect.TypeFor[common.Values]().NumMethod() {
		found[reflect.TypeFor[common.Values]().Method(number).Name] = true
	}
	return found
}()

// passed notes a map on the way to a part; false where a change of it is one of another place too.
func (w *plainWriter) passed(data any, path string) bool {
	var place uintptr
	switch v := data.(type) {
	case map[string]any:
		place = reflect.ValueOf(v).Pointer()
	case common.Values:
		place = reflect.ValueOf(v).Pointer()
	}
	if w.alike || place == 0 {
		return true
	}
	if before, ok := w.ways[place]; ok {
		return before == path
	}
	if w.ways == nil {
		w.ways = map[uintptr]string{}
	}
	w.ways[place] = path
	return !slices.Contains(w.maps, place)
}

func (w *plainWriter) filled(kind byte, none bool, count int) {
	w.byte(kind)
	switch {
	case none:
		w.byte('0')
	case count == 0:
		w.byte('1')
	default:
		w.byte('2')
	}
}
