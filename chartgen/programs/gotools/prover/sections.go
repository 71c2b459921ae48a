package main

import (
	"fmt"
	"text/template"
	"text/template/parse"
)

// What a template does not run of itself, its result does not depend on: the larger bodies of its conditions and loops
// are sections, which are recorded as templates are. A body has nothing that the rest of a template knows: its variables
// end with it, and what it defines is a template of its own.

const (
	enters  = "__section" // records that a section runs
	least   = 160         // bytes of the form of a body that is a section
	deepens = 2           // bodies in each other that can be sections
)

// divide makes the sections of a template, each of which begins with a call that records it.
func (e *templates) divide(t *template.Template) {
	number := 0
	var walk func(parse.Node, int)
	body := func(list *parse.ListNode, depth int) {
		if len(list.String()) < least {
			return
		}
		number++
		name := fmt.Sprintf("section %d of %s", number, t.Name())
		walk(list, depth+1)
		if e.parsed.Lookup(name) == nil {
			list.Nodes = append([]parse.Node{entering(list.Position(), name)}, list.Nodes...)
		}
	}
	walk = func(node parse.Node, depth int) {
		if depth > deepens {
			return
		}
		for _, each := range inside(node) {
			if list, ok := each.(*parse.ListNode); ok {
				body(list, depth)
			} else {
				walk(each, depth)
			}
		}
	}
	walk(t.Tree.Root, 1)
}

// entering is {{ __section NAME }}.
func entering(pos parse.Pos, name string) parse.Node {
	call := &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pos}
	call.Args = []parse.Node{
		parse.NewIdentifier(enters).SetPos(pos),
		&parse.StringNode{NodeType: parse.NodeString, Pos: pos, Quoted: fmt.Sprintf("%q", name), Text: name},
	}
	pipe := &parse.PipeNode{NodeType: parse.NodePipe, Pos: pos, Cmds: []*parse.CommandNode{call}}
	return &parse.ActionNode{NodeType: parse.NodeAction, Pos: pos, Pipe: pipe}
}

// section is the name of a list that is a section; empty for any other.
func section(list *parse.ListNode) string {
	if len(list.Nodes) > 0 {
		if action, ok := list.Nodes[0].(*parse.ActionNode); ok {
			if call := action.Pipe.Cmds[0]; len(call.Args) == 2 && call.Args[0].String() == enters {
				return call.Args[1].(*parse.StringNode).Text
			}
		}
	}
	return ""
}
