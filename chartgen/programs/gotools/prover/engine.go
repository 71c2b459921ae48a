package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"regexp/syntax"
	"slices"
	"sort"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"

	own "chartgen/gotools/prover/common"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

// trust says whether the next schema is known to be correct; the program inside a page makes use of that.
var trust = func(known bool) {}

// schema is what checks values as util.ValidateAgainstSchema does, with the schema compiled once. Helm's own function
// is used where the schema refers to another or does not compile.
func schema(c *chart.Chart) func(common.Values) error {
	if c.Schema == nil {
		return func(common.Values) error { return nil }
	}
	plain := func(values common.Values) error { return util.ValidateAgainstSchema(c, values) }
	compiled, err := compiled(c.Schema, nil)
	if err != nil {
		return plain
	}
	return func(values common.Values) (failure error) {
		defer func() {
			if r := recover(); r != nil {
				failure = plain(values)
			}
		}()
		if err := compiled.Validate(values.AsMap()); err != nil {
			said := strings.TrimPrefix(err.Error(), "jsonschema validation failed with '"+named+"#'\n")
			return fmt.Errorf("%s:\n%s\n", c.Name(), said)
		}
		return nil
	}
}

const named = "file:///values.schema.json" // what the validator calls a schema

// compiled is a JSON Schema of its draft, or of this one where it names none and one is given. It reads nothing else.
func compiled(text []byte, draft *jsonschema.Draft) (*jsonschema.Schema, error) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	compiler := jsonschema.NewCompiler()
	if draft != nil {
		compiler.DefaultDraft(draft)
	}
	compiler.UseLoader(jsonschema.SchemeURLLoader{})
	compiler.UseRegexpEngine(pattern)
	if err := compiler.AddResource(named, document); err != nil {
		return nil, err
	}
	return compiler.Compile(named)
}

// lazy is a pattern of a schema, which is compiled when a value is held against it: values set few of them.
type lazy struct {
	text     string
	compiled func() *regexp.Regexp
}

func (l *lazy) MatchString(text string) bool { return l.compiled().MatchString(text) }

func (l *lazy) String() string { return l.text }

var lazies memo[*lazy]

// pattern is what regexp.Compile returns, or its error. A schema has most patterns twice, and its own schema reads each.
func pattern(text string) (jsonschema.Regexp, error) {
	return lazies.get(text, func(text string) (*lazy, error) {
		if _, err := syntax.Parse(text, syntax.Perl); err != nil {
			return nil, err
		}
		return &lazy{text, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}, nil
	})
}

// templates are a chart's templates as Helm's engine parses them (engine.render), once.
type templates struct {
	parsed  *template.Template
	names   []string // the files, in Helm's order
	files   any      // .Files
	texts   map[string]string
	calls   map[string]map[string]bool // template -> those that it calls by the action `template`
	results results
	clones  sync.Pool // of parsed, each for one render at a time
}

// parsed is nil where a template does not parse here: Helm's engine then says why, or has the function that it calls.
func parsed(c *chart.Chart) *templates {
	texts := make(map[string]string, len(c.Templates))
	found := &templates{parsed: template.New("gotpl").Option("missingkey=zero"), files: files(c), texts: texts}
	for _, each := range c.Templates {
		name := path.Join(c.ChartFullPath(), each.Name)
		texts[name] = string(each.Data)
	}
	for name := range texts {
		found.names = append(found.names, name)
	}
	sort.Slice(found.names, func(i, j int) bool { return deeper(found.names[i], found.names[j]) })
	found.parsed.Funcs(functions())
	for _, name := range found.names {
		if _, err := found.parsed.New(name).Parse(texts[name]); err != nil {
			return nil
		}
	}
	found.calls = map[string]map[string]bool{}
	for _, each := range found.parsed.Templates() {
		if each.Tree != nil {
			found.calls[each.Name()] = called(each.Tree.Root)
			asking(each.Tree.Root)
			found.divide(each)
		}
	}
	return found
}

// called are the names in the actions `template` of a tree.
func called(node parse.Node) map[string]bool {
	found := map[string]bool{}
	var walk func(parse.Node)
	walk = func(node parse.Node) {
		if call, ok := node.(*parse.TemplateNode); ok {
			found[call.Name] = true
		}
		for _, each := range inside(node) {
			walk(each)
		}
	}
	walk(node)
	return found
}

// inside are the lists and pipelines directly in a node of a template.
func inside(node parse.Node) []parse.Node {
	branch := func(b *parse.BranchNode) []parse.Node {
		if b.ElseList == nil {
			return []parse.Node{b.Pipe, b.List}
		}
		return []parse.Node{b.Pipe, b.List, b.ElseList}
	}
	switch n := node.(type) {
	case *parse.ListNode:
		return n.Nodes
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.RangeNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.ActionNode:
		return []parse.Node{n.Pipe}
	case *parse.TemplateNode:
		if n.Pipe != nil {
			return []parse.Node{n.Pipe}
		}
	}
	return nil
}

// providers are hashes of all that a render can depend on besides the frame: of each template and each section as they
// were parsed, without comments and places, and of each file.
func (e *templates) providers() map[string]string {
	found := map[string]string{}
	for _, each := range e.parsed.Templates() {
		if each.Tree != nil {
			sections := map[string]*parse.ListNode{each.Name(): each.Tree.Root}
			for len(sections) > 0 {
				inner := map[string]*parse.ListNode{}
				for name, list := range sections {
					var text strings.Builder
					form(&text, list, inner)
					found[name] = hashed(each.Tree.ParseName, text.String())
				}
				sections = inner
			}
		}
	}
	for file, text := range e.texts {
		found[lines(file)] = hashed(file, text)
	}
	return found
}

// form writes a template so that no two that do something else are written alike: each of its parts by its kind and its
// length, since two texts beside a comment can be printed as an action is. Texts that touch each other are one. Of a
// section it writes the name, and adds it to sections.
func form(to *strings.Builder, node parse.Node, sections map[string]*parse.ListNode) {
	list := func(inner *parse.ListNode) {
		if name := section(inner); name != "" {
			written(to, "section", name)
			sections[name] = &parse.ListNode{NodeType: parse.NodeList, Nodes: inner.Nodes[1:]}
			return
		}
		form(to, inner, sections)
	}
	branch := func(kind string, b *parse.BranchNode) {
		written(to, kind, b.Pipe.String())
		list(b.List)
		if b.ElseList != nil {
			written(to, "else", "-")
			list(b.ElseList)
		}
		written(to, "end", "-")
	}
	switch n := node.(type) {
	case *parse.ListNode:
		var said string
		for _, each := range n.Nodes {
			if text, ok := each.(*parse.TextNode); ok {
				said += string(text.Text)
				continue
			}
			written(to, "text", said)
			said = ""
			form(to, each, sections)
		}
		written(to, "text", said)
	case *parse.IfNode:
		branch("if", &n.BranchNode)
	case *parse.RangeNode:
		branch("range", &n.BranchNode)
	case *parse.WithNode:
		branch("with", &n.BranchNode)
	default:
		written(to, fmt.Sprintf("%T", node), node.String())
	}
}

func written(to *strings.Builder, kind, text string) {
	if text != "" {
		fmt.Fprintf(to, "%s %d:%s", kind, len(text), text)
	}
}

// lines is what a render depends on whose error names a line of a file.
func lines(file string) string { return "lines of " + file }

func hashed(parts ...string) string {
	sum := sha256.New()
	for _, part := range parts {
		fmt.Fprintf(sum, "%d:", len(part))
		io.WriteString(sum, part)
	}
	return hex.EncodeToString(sum.Sum(nil))[:32]
}

// all adds the templates that those that ran call by the action `template`, which is not traced; and the lines of their
// files, if the result names them.
func (e *templates) all(ran map[string]bool, placed bool) []string {
	var add func(string)
	add = func(name string) {
		for each := range e.calls[name] {
			if !ran[each] {
				ran[each] = true
				add(each)
			}
		}
	}
	for _, name := range slices.Collect(maps.Keys(ran)) {
		add(name)
	}
	if placed {
		for _, name := range slices.Collect(maps.Keys(ran)) {
			if found := e.parsed.Lookup(name); found != nil && found.Tree != nil {
				ran[lines(found.Tree.ParseName)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(ran))
}

// deeper is Helm's order of templates: sort.Reverse(byPathLen).
func deeper(a, b string) bool {
	if one, other := strings.Count(a, "/"), strings.Count(b, "/"); one != other {
		return one > other
	}
	return a > b
}

// files is .Files, which Helm's engine makes: a template hands it over.
func files(c *chart.Chart) (found any) {
	hand := template.FuncMap{"hand": func(files any) string { found = files; return "" }}
	only := &chart.Chart{Metadata: c.Metadata, Files: c.Files}
	only.Templates = []*common.File{{Name: "templates/hand", Data: []byte("{{ hand .Files }}")}}
	if _, err := (engine.Engine{CustomTemplateFuncs: hand}).Render(only, common.Values{"Values": common.Values{}}); err != nil {
		panic(err)
	}
	return found
}

// render is engine.Render. An error that Helm's engine words is worded by it, with values that no template changed.
// The names are of the templates that ran, nil where that is not known; what was asked of the version of Kubernetes is nil
// where the result is for this version alone.
func (c *loaded) render(
	top common.Values, again func() (common.Values, error), fixed bool,
) (files map[string]string, ran []string, asked map[string]bool, err error) {
	if c.engine != nil {
		traced := &trace{depth: map[string]int{}, ran: map[string]bool{}, fixed: fixed, compared: map[string]bool{}}
		made, failure := c.engine.render(c.chart, top, traced)
		said := refusal(failure)
		if !traced.timed {
			// What `fail` says is the same on another line.
			ran = c.engine.all(traced.ran, failure != nil && said == nil)
			if !traced.versioned {
				asked = traced.compared
			}
		}
		if failure == nil {
			return made, ran, asked, nil
		}
		if said != nil {
			return nil, ran, asked, said
		}
		if top, err = again(); err != nil {
			return nil, nil, nil, err
		}
		if traced.texts > 0 { // Helm's engine makes others
			ran = nil
		}
	}
	made, err := engine.Engine{}.Render(c.chart, top)
	if err == nil { // what it ran beyond is not known
		ran = nil
	}
	return made, ran, nil, err
}

func (e *templates) render(c *chart.Chart, top common.Values, traced *trace) (made map[string]string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("rendering template failed: %v", r)
			traced.timed = true // what ran is not known
		}
	}()
	t, ok := e.clones.Get().(*template.Template)
	if !ok {
		if t, err = e.parsed.Clone(); err != nil {
			return nil, err
		}
		t.Option("missingkey=zero")
	}
	traced.bind(t, &e.results)
	context := map[string]any{
		"Chart":        metadata(c),
		"Files":        e.files,
		"Release":      top["Release"],
		"Capabilities": own.New(top["Capabilities"].(*common.Capabilities), &traced.versioned),
		"Values":       top["Values"],
		"Subcharts":    map[string]any{},
	}
	made = make(map[string]string, len(e.names))
	for _, name := range e.names {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		context["Template"] = common.Values{"Name": name, "BasePath": path.Join(c.ChartFullPath(), "templates")}
		var buf strings.Builder
		traced.ran[name] = true
		if err := t.ExecuteTemplate(&buf, name, context); err != nil {
			return nil, err
		}
		made[name] = strings.ReplaceAll(buf.String(), "<no value>", "")
	}
	e.clones.Put(t)
	return made, nil
}

var warned = regexp.MustCompile(`HELM_ERR_START((?s).*)HELM_ERR_END`)

// refusal is the error of `fail` and `required` as reformatExecErrorMsg (pkg/engine) words it; nil for any other.
func refusal(err error) error {
	var exec template.ExecError
	if !errors.As(err, &exec) {
		return nil
	}
	parts := strings.SplitN(err.Error(), ": ", 3)
	if len(parts) != 3 {
		return nil
	}
	if found := warned.FindStringSubmatch(parts[2]); found != nil {
		return fmt.Errorf("execution error at (%s): %s", parts[1], found[1])
	}
	return nil
}

// printed is what `helm template` prints of what was rendered: manifests in the order of their kinds, then hooks.
func printed(files map[string]string) (string, error) {
	hooks, manifests, err := sorted(files)
	if err != nil {
		return "", err
	}
	var text, after strings.Builder
	for _, each := range manifests {
		fmt.Fprintf(&text, "---\n# Source: %s\n%s\n", each.Name, each.Content)
	}
	for _, each := range hooks {
		fmt.Fprintf(&after, "---\n# Source: %s\n%s\n", each.Path, each.Manifest)
	}
	return strings.TrimSpace(text.String()) + "\n" + after.String(), nil
}
