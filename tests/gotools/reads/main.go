// reads lists what a chart's templates read of .Values, by Go's own template parser: it runs every template over what
// each expression may be, without values. `go run . FOLDER` prints a line of JSON for each read: {"file", "template",
// "line", "path", "whole", "given"}. A path is what leads there from .Values, "*" any key; whole is true where all below
// it may be read; given where it is of what another template handed over.
//
// It knows no more of a chart than that .Values are the values, wherever they are a field, and .Servers are more contexts.
package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"text/template/parse"
)

// value is what an expression may be: any of some paths into the values, a text of words, a map with keys.
type value struct {
	paths map[string]bool // joined by "\x00"; "" is .Values itself
	given bool            // handed over by another template
	keys  map[string]*value
	item  *value
	words map[string]bool
	open  bool // a word that is not known
}

type read struct {
	File     string   `json:"file"`
	Template string   `json:"template"`
	Line     int      `json:"line"`
	Path     []string `json:"path"`
	Whole    bool     `json:"whole"`
	Given    bool     `json:"given"`
}

type program struct {
	trees   map[string]*parse.Tree
	texts   map[string]string // file -> text
	reads   map[string]read
	entered map[string]bool
}

// scope is one run of a template.
type scope struct {
	*program
	tree      *parse.Tree
	variables map[string]*value
	depth     int
}

const separator = "\x00"

// deepest is how many maps in maps are followed; contexts contain each other.
const deepest = 4

func nothing() *value { return &value{} }

func at(path string) *value { return &value{paths: map[string]bool{path: true}} }

// joined is what may be any of these.
func joined(all ...*value) *value {
	made := nothing()
	for _, each := range all {
		made.add(each, 0)
	}
	return made
}

func (v *value) add(other *value, depth int) {
	if other == nil || other == v || depth > deepest {
		return
	}
	for path := range other.paths {
		if v.paths == nil {
			v.paths = map[string]bool{}
		}
		v.paths[path] = true
	}
	for word := range other.words {
		if v.words == nil {
			v.words = map[string]bool{}
		}
		v.words[word] = true
	}
	v.open = v.open || other.open
	v.given = v.given || other.given
	for key, inner := range other.keys {
		v.put(key, inner, depth)
	}
	if other.item != nil {
		if v.item == nil {
			v.item = nothing()
		}
		v.item.add(other.item, depth+1)
	}
}

func (v *value) put(key string, inner *value, depth int) {
	if v.keys == nil {
		v.keys = map[string]*value{}
	}
	if v.keys[key] == nil {
		v.keys[key] = nothing()
	}
	v.keys[key].add(inner, depth+1)
}

// text is a value by its contents, to know whether a template ran with it.
func (v *value) text(depth int) string {
	if v == nil || depth > deepest {
		return ""
	}
	var parts []string
	for path := range v.paths {
		parts = append(parts, "p"+path)
	}
	for word := range v.words {
		parts = append(parts, "w"+word)
	}
	for key, inner := range v.keys {
		parts = append(parts, "k"+key+"="+inner.text(depth+1))
	}
	sort.Strings(parts)
	return fmt.Sprint(parts, v.given, v.open, "[", v.item.text(depth+1), "]")
}

// longest is how many keys a path has at most: templates that call themselves go ever deeper.
const longest = 6

func below(path, key string) string {
	if path == "" {
		return key
	}
	parts := append(strings.Split(path, separator), key)
	if parts[0] == "servers" && len(parts) > 2 { // an entry of servers has the same keys as the values
		parts = parts[2:]
	}
	return strings.Join(parts[:min(len(parts), longest)], separator)
}

// contexts are keys of a context that no value has.
var contexts = []string{"Capabilities", "Chart", "Facts", "Files", "Release", "Server", "Servers", "Template"}

// entry is what a map has under a key, or a list at a place.
func (v *value) entry(key string) *value {
	made := nothing()
	if known, ok := v.keys[key]; ok {
		made.add(known, 0)
	}
	if key == "Values" && v.keys[key] == nil {
		return at("")
	}
	if slices.Contains(contexts, key) {
		return made
	}
	for path := range v.paths {
		made.add(at(below(path, key)), 0)
	}
	if len(v.paths) == 0 && v.keys[key] == nil {
		made.add(v.item, 0)
	}
	made.given = made.given || v.given
	return made
}

// any is what any entry or item of it may be.
func (v *value) any() *value {
	made := joined(v.item)
	for _, inner := range v.keys {
		made.add(inner, 0)
	}
	for path := range v.paths {
		made.add(at(below(path, "*")), 0)
	}
	made.given = made.given || v.given
	return made
}

// got is what is found along keys that are values themselves.
func (v *value) got(keys ...*value) *value {
	found := v
	for _, key := range keys {
		next := nothing()
		for word := range key.words {
			if word != "" { // what stands for a key that is not there
				next.add(found.entry(word), 0)
			}
		}
		if len(key.words) == 0 || key.open || key.words[""] {
			next.add(found.any(), 0)
		}
		found = next
	}
	return found
}

func (s *scope) note(v *value, node parse.Node, whole bool) {
	for path := range v.paths {
		if path == "" && !whole {
			continue
		}
		parts := strings.Split(path, separator)
		if path == "" {
			parts = []string{"*"}
		}
		location, _ := s.tree.ErrorContext(node)
		line := 0
		if pieces := strings.Split(location, ":"); len(pieces) > 1 {
			fmt.Sscan(pieces[len(pieces)-2], &line)
		}
		made := read{s.tree.ParseName, s.tree.Name, line, parts, whole, v.given}
		s.reads[fmt.Sprint(made)] = made
	}
}

// whole says that all of a value goes where it cannot be followed.
func (s *scope) whole(v *value, node parse.Node, depth int) {
	if v == nil || depth > deepest {
		return
	}
	s.note(v, node, true)
	for _, inner := range v.keys {
		s.whole(inner, node, depth+1)
	}
	s.whole(v.item, node, depth+1)
}

func (s *scope) bind(name string, v *value, again bool) {
	if before := s.variables[name]; before != nil && again {
		s.variables[name] = joined(before, v)
		return
	}
	s.variables[name] = v
}

func (s *scope) list(list *parse.ListNode, dot *value) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch n := node.(type) {
		case *parse.ActionNode:
			v := s.pipe(n.Pipe, dot)
			if len(n.Pipe.Decl) == 0 {
				s.whole(v, n, 0)
			}
		case *parse.IfNode:
			s.pipe(n.Pipe, dot)
			s.list(n.List, dot)
			s.list(n.ElseList, dot)
		case *parse.WithNode:
			v := s.pipe(n.Pipe, dot)
			s.list(n.List, v)
			s.list(n.ElseList, dot)
		case *parse.RangeNode:
			v := s.expression(n.Pipe, dot)
			inner := v.any()
			s.note(inner, n, false)
			for range 2 { // what a round assigns, the next one finds
				switch decl := n.Pipe.Decl; len(decl) {
				case 1:
					s.bind(decl[0].Ident[0], inner, true)
				case 2:
					s.bind(decl[0].Ident[0], &value{open: true}, true)
					s.bind(decl[1].Ident[0], inner, true)
				}
				s.list(n.List, inner)
			}
			s.list(n.ElseList, dot)
		case *parse.TemplateNode:
			given := nothing()
			if n.Pipe != nil {
				given = s.pipe(n.Pipe, dot)
			}
			s.enter(n.Name, given)
		}
	}
}

func (s *scope) pipe(pipe *parse.PipeNode, dot *value) *value {
	v := s.expression(pipe, dot)
	for _, variable := range pipe.Decl {
		// An assignment in a branch may not have happened.
		s.bind(variable.Ident[0], v, pipe.IsAssign)
	}
	return v
}

func (s *scope) expression(pipe *parse.PipeNode, dot *value) *value {
	var last *value
	for _, command := range pipe.Cmds {
		last = s.command(command, dot, last)
	}
	if last == nil {
		return nothing()
	}
	return last
}

func (s *scope) command(command *parse.CommandNode, dot, last *value) *value {
	if name, ok := command.Args[0].(*parse.IdentifierNode); ok {
		var arguments []*value
		for _, each := range command.Args[1:] {
			arguments = append(arguments, s.term(each, dot))
		}
		if last != nil {
			arguments = append(arguments, last)
		}
		return s.call(name.Ident, arguments, command)
	}
	v := s.term(command.Args[0], dot)
	for _, each := range command.Args[1:] { // a method, such as .Files.Get
		s.whole(s.term(each, dot), command, 0)
	}
	return v
}

func (s *scope) fields(v *value, names []string, node parse.Node) *value {
	for _, name := range names {
		v = v.entry(name)
	}
	s.note(v, node, false)
	return v
}

func (s *scope) term(node parse.Node, dot *value) *value {
	switch n := node.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return s.fields(dot, n.Ident, n)
	case *parse.VariableNode:
		v := s.variables[n.Ident[0]]
		if v == nil {
			v = nothing()
		}
		return s.fields(v, n.Ident[1:], n)
	case *parse.ChainNode:
		return s.fields(s.term(n.Node, dot), n.Field, n)
	case *parse.PipeNode:
		return s.pipe(n, dot)
	case *parse.IdentifierNode:
		return s.call(n.Ident, nil, n)
	case *parse.StringNode:
		return &value{words: map[string]bool{n.Text: true}}
	case *parse.NumberNode:
		return &value{words: map[string]bool{n.Text: true}} // a place in a list
	}
	return nothing()
}

func (s *scope) call(name string, a []*value, node parse.Node) *value {
	name = strings.TrimPrefix(name, "must")
	name = strings.ToLower(name[:1]) + name[1:]
	argument := func(number int) *value {
		if number < len(a) {
			return a[number]
		}
		return nothing()
	}
	seen := func(v *value) *value {
		s.note(v, node, false)
		return v
	}
	list := func(items ...*value) *value { return &value{item: joined(items...)} }
	placed := func(items ...*value) *value {
		made := nothing()
		for number, each := range items {
			made.put(fmt.Sprint(number), each, 0)
		}
		return made
	}
	switch name {
	case "default", "coalesce", "or", "and", "merge", "mergeOverwrite":
		if len(a) > 0 && strings.HasPrefix(name, "merge") {
			for _, each := range a[1:] {
				a[0].add(each, 0) // it changes its first argument
			}
		}
		return joined(a...)
	case "ternary":
		return joined(argument(0), argument(1))
	case "deepCopy", "omit", "unset":
		return joined(argument(0))
	case "pick":
		made := nothing()
		for _, key := range a[min(1, len(a)):] {
			for word := range key.words {
				made.put(word, seen(argument(0).entry(word)), 0)
			}
		}
		return made
	case "set":
		for word := range argument(1).words {
			argument(0).put(word, argument(2), 0)
		}
		if len(argument(1).words) == 0 {
			argument(0).add(&value{item: joined(argument(2))}, 0)
		}
		return argument(0)
	case "get", "index":
		return seen(argument(0).got(a[min(1, len(a)):]...))
	case "hasKey":
		seen(argument(0).got(argument(1)))
		return nothing()
	case "dig":
		if len(a) < 3 {
			return joined(a...)
		}
		return joined(seen(a[len(a)-1].got(a[:len(a)-2]...)), a[len(a)-2])
	case "pluck":
		var found []*value
		for _, each := range a[min(1, len(a)):] {
			found = append(found, seen(each.got(argument(0))))
		}
		return list(found...)
	case "dict":
		made := nothing()
		for number := 0; number+1 < len(a); number += 2 {
			if len(a[number].words) == 0 {
				made.add(&value{item: joined(a[number+1])}, 0)
			}
			for word := range a[number].words {
				made.put(word, a[number+1], 0)
			}
		}
		return made
	case "list", "tuple":
		return placed(a...)
	case "first", "last":
		first := argument(0)
		if count := len(first.keys); count > 0 && len(first.paths) == 0 && first.item == nil {
			place := "0"
			if name == "last" {
				place = fmt.Sprint(count - 1)
			}
			return seen(first.entry(place))
		}
		return seen(first.any())
	case "values", "concat", "compact", "uniq", "rest", "initial", "reverse", "without", "slice", "chunk":
		var found []*value
		for _, each := range a {
			found = append(found, seen(each.any()))
		}
		return list(found...)
	case "has":
		s.whole(argument(0), node, 0)
		s.whole(argument(1).any(), node, 0)
		return nothing()
	case "append", "prepend":
		return list(argument(0).any(), argument(1))
	case "keys":
		for _, each := range a {
			seen(each.any())
		}
		return &value{item: &value{open: true}}
	case "sortAlpha":
		s.whole(argument(0), node, 0)
		return &value{item: &value{open: true}}
	case "not", "empty", "kindIs", "kindOf", "typeOf", "typeIs", "len":
		return nothing()
	case "fromJson", "fromYaml", "toString", "quote", "trim":
		for _, each := range a {
			s.whole(each, node, 0)
		}
		return &value{open: true}
	case "include":
		for word := range argument(0).words {
			s.enter(word, argument(1))
		}
		if len(argument(0).words) == 0 || argument(0).open {
			s.whole(argument(1), node, 0)
		}
		return &value{open: true}
	}
	for _, each := range a {
		s.whole(each, node, 0)
	}
	return &value{open: true}
}

// enter runs a template with what it is given.
func (s *scope) enter(name string, given *value) {
	tree := s.trees[name]
	if tree == nil || s.depth > 24 {
		if given != nil {
			s.whole(given, s.tree.Root, 0)
		}
		return
	}
	dot := joined(given)
	mark(dot, 0)
	s.program.run(tree, dot, s.depth+1)
}

func mark(v *value, depth int) {
	if v == nil || depth > deepest {
		return
	}
	v.given = true
	for _, inner := range v.keys {
		mark(inner, depth+1)
	}
	mark(v.item, depth+1)
}

func (p *program) run(tree *parse.Tree, dot *value, depth int) {
	key := tree.Name + dot.text(0)
	if p.entered[key] {
		return
	}
	p.entered[key] = true
	inner := &scope{p, tree, map[string]*value{"$": dot}, depth}
	inner.list(tree.Root, dot)
}

func main() {
	made := &program{map[string]*parse.Tree{}, map[string]string{}, map[string]read{}, map[string]bool{}}
	top := os.Args[1]
	err := filepath.WalkDir(top, func(place string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := os.ReadFile(place)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(top, place)
		tree := parse.New(name)
		tree.Mode = parse.SkipFuncCheck
		trees := map[string]*parse.Tree{}
		if _, err := tree.Parse(string(text), "", "", trees); err != nil {
			return err
		}
		for name, tree := range trees {
			made.trees[name] = tree
		}
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var names []string
	for name := range made.trees {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		made.run(made.trees[name], nothing(), 0)
	}
	all := make([]read, 0, len(made.reads))
	for _, each := range made.reads {
		all = append(all, each)
	}
	slices.SortFunc(all, func(a, b read) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	out := json.NewEncoder(os.Stdout)
	for _, each := range all {
		if out.Encode(each) != nil {
			os.Exit(1)
		}
	}
}
