package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// functions are those of Helm's engine (funcMap and initFunMap, pkg/engine, are not public) that charts usually call.
// A template that calls another does not parse here, and Helm's engine renders the chart.
func functions() template.FuncMap {
	found := sprig.TxtFuncMap()
	delete(found, "env")
	delete(found, "expandenv")
	found["toYaml"] = toYAML
	found["fromYaml"] = keptYAML
	found["fromYamlArray"] = keptYAMLArray
	found["mustFromJson"] = keptJSON
	found["regexMatch"] = keptMatch
	found["keys"] = keys
	found["values"] = valuesOf
	found["toJson"] = toJSON
	found["mustToJson"] = mustToJSON
	found["fromJson"] = fromJSON
	found["fromJsonArray"] = fromJSONArray
	found["include"] = func(string, any) (string, error) { return "", errors.New("unbound") }
	found["tpl"] = func(string, any) (string, error) { return "", errors.New("unbound") }
	found["required"] = required
	found["fail"] = func(said string) (string, error) { return "", errors.New(wrapped(said)) }
	found["lookup"] = func(string, string, string, string) (map[string]any, error) { return map[string]any{}, nil }
	found["getHostByName"] = func(string) string { return "" }
	return found
}

// trace is what one render ran. The templates that it ran, by name, and what the frame of the chart has (load), are all
// that its result depends on, with its values and its capabilities; and the time of day where timed is true.
type trace struct {
	depth map[string]int // of include
	deep  int            // of all includes in each other
	most  int            // what deep was at most
	ran   map[string]bool
	timed bool // depends on the time of day, or on chance
	fixed bool // random texts are the same in each render
	texts uint64
	// What it asked of the version of Kubernetes: constraints, with their results, or all.
	compared  map[string]bool
	versioned bool
}

// clocks are the functions of sprig whose results depend on the time of day or its zone, or on chance.
var clocks = []string{"ago", "bcrypt", "date", "dateInZone", "dateModify", "date_in_zone", "date_modify",
	"durationRound", "encryptAES", "genCA", "genCAWithKey", "genPrivateKey", "genSelfSignedCert",
	"genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "htmlDate", "htmlDateInZone", "htpasswd",
	"mustDateModify", "mustToDate", "must_date_modify", "now", "randAlpha", "randAlphaNum", "randAscii", "randBytes",
	"randInt", "randNumeric", "shuffle", "toDate", "unixEpoch", "uuidv4"}

// bind gives a set of templates the functions that call others of it, and those that are traced. The results of plain
// data are kept, unless kept is nil.
func (r *trace) bind(t *template.Template, kept *results) {
	found := template.FuncMap{"include": r.include(t, kept), "tpl": r.tpl(t)}
	for _, name := range clocks {
		plain := reflect.ValueOf(plainFunctions[name])
		found[name] = reflect.MakeFunc(plain.Type(), func(arguments []reflect.Value) []reflect.Value {
			r.timed = r.timed || !zoned(name, arguments)
			if plain.Type().IsVariadic() {
				return plain.CallSlice(arguments)
			}
			return plain.Call(arguments)
		}).Interface()
	}
	if r.fixed {
		for name, alphabet := range alphabets {
			found[name] = r.text(alphabet)
		}
	}
	found[enters] = func(name string) string {
		r.ran[name] = true
		return ""
	}
	maps.Copy(found, r.askedOf())
	t.Funcs(found)
}

// zoned is whether a function prints a given time in a given zone, which depends on the machine's database of zones: the
// caller knows that.
func zoned(name string, arguments []reflect.Value) bool {
	if name != "dateInZone" && name != "date_in_zone" || len(arguments) != 3 || arguments[2].String() == "Local" {
		return false
	}
	_, given := arguments[1].Interface().(int)
	return given
}

var plainFunctions = functions()

const letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "0123456789"

// alphabets are what random texts are made of that a render can have fixed.
var alphabets = map[string]string{"randAlpha": letters, "randAlphaNum": letters + digits, "randNumeric": digits}

// text is a random text of sprig's in its form, but made from how many there were before in the render: what is proved
// of a render with it is proved of every further one.
func (r *trace) text(alphabet string) func(int) string {
	return func(count int) string {
		r.texts++
		source := rand.New(rand.NewPCG(uint64(len(alphabet)), r.texts))
		made := make([]byte, max(count, 0))
		for n := range made {
			made[n] = alphabet[source.IntN(len(alphabet))]
		}
		return string(made)
	}
}

const deepest = 1000 // as recursionMaxNums

func (r *trace) include(t *template.Template, kept *results) func(string, any) (string, error) {
	run := func(name string, data any) (string, error) {
		if r.depth[name] > deepest {
			return "", fmt.Errorf("rendering template has a nested reference name: %s: %w", name, errors.New("unable to execute template"))
		}
		var buf strings.Builder
		r.ran[name] = true
		r.depth[name]++
		r.deep++
		r.most = max(r.most, r.deep)
		err := t.ExecuteTemplate(&buf, name, data)
		r.deep--
		r.depth[name]--
		return buf.String(), err
	}
	if kept == nil {
		return run
	}
	return func(name string, data any) (string, error) {
		key, plain := plainKey(name, data)
		if !plain {
			return run(name, data)
		}
		// Where it could run too deep, it runs.
		if found, ok := kept.get(key); ok && r.deep+found.deep <= deepest {
			for _, each := range found.ran {
				r.ran[each] = true
			}
			r.most = max(r.most, r.deep+found.deep)
			return found.text, nil
		}
		outer, timed, texts, most := r.ran, r.timed, r.texts, r.most
		r.ran, r.timed, r.most = map[string]bool{}, false, r.deep
		text, err := run(name, data)
		inner := slices.Collect(maps.Keys(r.ran))
		if after, _ := plainKey(name, data); err == nil && !r.timed && r.texts == texts && after == key {
			kept.put(key, made{text, inner, r.most - r.deep})
		}
		r.ran, r.timed, r.most = outer, timed || r.timed, max(most, r.most)
		for _, each := range inner {
			r.ran[each] = true
		}
		return text, err
	}
}

func (r *trace) tpl(parent *template.Template) func(string, any) (string, error) {
	return func(text string, data any) (string, error) {
		if strings.Contains(text, allOf) || strings.Contains(text, compares) || strings.Contains(text, enters) {
			return "", errors.New("no function of Helm's")
		}
		t, err := parent.Clone()
		if err != nil {
			return "", fmt.Errorf("cannot clone template: %w", err)
		}
		t.Option("missingkey=zero")
		r.bind(t, nil) // the text can define templates
		if t, err = t.New(parent.Name()).Parse(text); err != nil {
			return "", fmt.Errorf("cannot parse template %q: %w", text, err)
		}
		// What the text itself defines is a part of the values or of a template that ran.
		for _, each := range t.Templates() {
			if each.Tree != nil && each.Tree.ParseName == parent.Name() {
				asking(each.Tree.Root)
				for name := range called(each.Tree.Root) {
					r.ran[name] = true
				}
			}
		}
		var buf strings.Builder
		if err := t.Execute(&buf, data); err != nil {
			return "", fmt.Errorf("error during tpl function execution for %q: %w", text, err)
		}
		return strings.ReplaceAll(buf.String(), "<no value>", ""), nil
	}
}

// keys are those of maps, as sprig's, and valuesOf are the values of one; the order, which sprig leaves to chance, is that
// of the keys of each map: what is proved once is proved as if it were proved again.
func keys(given ...map[string]any) []string {
	found := []string{}
	for _, each := range given {
		found = append(found, slices.Sorted(maps.Keys(each))...)
	}
	return found
}

func valuesOf(each map[string]any) []any {
	found := []any{}
	for _, key := range keys(each) {
		found = append(found, each[key])
	}
	return found
}

func wrapped(said string) string { return "HELM_ERR_START" + said + "HELM_ERR_END" }

func required(said string, value any) (any, error) {
	if value == nil || value == "" {
		return value, errors.New(wrapped(said))
	}
	return value, nil
}

func toYAML(value any) string {
	data, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(data), "\n")
}

func fromYAML(text string) map[string]any {
	found := map[string]any{}
	if err := yaml.Unmarshal([]byte(text), &found); err != nil {
		found["Error"] = err.Error()
	}
	return found
}

func fromYAMLArray(text string) []any {
	found := []any{}
	if err := yaml.Unmarshal([]byte(text), &found); err != nil {
		found = []any{err.Error()}
	}
	return found
}

func toJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(data)
}

func mustToJSON(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func fromJSON(text string) map[string]any {
	found := make(map[string]any)
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		found["Error"] = err.Error()
	}
	return found
}

func fromJSONArray(text string) []any {
	found := []any{}
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		found = []any{err.Error()}
	}
	return found
}
