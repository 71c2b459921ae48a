package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"

	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// memo keeps what a function of a text returned. Whoever gets it must not change it.
type memo[T any] struct {
	lock sync.RWMutex
	kept map[string]T
	size int
}

const most = 32 << 20 // bytes of texts in a memo; more of them start it anew

func (m *memo[T]) get(text string, make func(string) (T, error)) (T, error) {
	m.lock.RLock()
	found, ok := m.kept[text]
	m.lock.RUnlock()
	if ok {
		return found, nil
	}
	made, err := make(text)
	if err != nil {
		return made, err
	}
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.kept == nil || m.size > most {
		m.kept, m.size = map[string]T{}, 0
	}
	m.kept[text] = made
	m.size += len(text)
	return made, nil
}

var (
	yamlMaps   memo[map[string]any]
	yamlArrays memo[[]any]
	jsonData   memo[any]
	patterns   memo[*regexp.Regexp]
	parts      memo[part]
)

// copied is data as YAML and JSON have it, with maps and lists of its own: templates change what they parsed.
func copied(value any) any {
	switch v := value.(type) {
	case map[string]any:
		if v == nil {
			return value
		}
		made := make(map[string]any, len(v))
		for key, each := range v {
			made[key] = copied(each)
		}
		return made
	case []any:
		if v == nil {
			return value
		}
		made := make([]any, len(v))
		for number, each := range v {
			made[number] = copied(each)
		}
		return made
	}
	return value
}

func keptYAML(text string) map[string]any {
	found, _ := yamlMaps.get(text, func(text string) (map[string]any, error) { return fromYAML(text), nil })
	return copied(found).(map[string]any)
}

func keptYAMLArray(text string) []any {
	found, _ := yamlArrays.get(text, func(text string) ([]any, error) { return fromYAMLArray(text), nil })
	return copied(found).([]any)
}

func keptJSON(text string) (any, error) {
	found, err := jsonData.get(text, func(text string) (found any, err error) {
		err = json.Unmarshal([]byte(text), &found)
		return found, err
	})
	return copied(found), err
}

func keptMatch(pattern, text string) bool {
	found, err := patterns.get(pattern, regexp.Compile)
	return err == nil && found.MatchString(text)
}

// part is what is in one rendered file.
type part struct {
	hooks     []*release.Hook
	manifests []releaseutil.Manifest
}

// sorted is releaseutil.SortManifests in Helm's order for installing, with each file parsed once.
func sorted(files map[string]string) (hooks []*release.Hook, manifests []releaseutil.Manifest, err error) {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if strings.TrimSpace(files[name]) == "" {
			continue
		}
		found, err := parts.get(name+"\n"+files[name], func(string) (part, error) {
			hooks, manifests, err := releaseutil.SortManifests(map[string]string{name: files[name]}, nil, releaseutil.InstallOrder)
			return part{hooks, manifests}, err
		})
		if err != nil {
			return nil, nil, err
		}
		hooks, manifests = append(hooks, found.hooks...), append(manifests, found.manifests...)
	}
	slices.SortStableFunc(hooks, func(a, b *release.Hook) int { return kinds(a.Kind, b.Kind) })
	slices.SortStableFunc(manifests, func(a, b releaseutil.Manifest) int { return kinds(a.Head.Kind, b.Head.Kind) })
	return hooks, manifests, nil
}

var order = func() map[string]int {
	made := map[string]int{}
	for number, kind := range releaseutil.InstallOrder {
		made[kind] = number
	}
	return made
}()

// kinds compares as lessByKind (pkg/release/v1/util): kinds that are not in the order are last, by name.
func kinds(a, b string) int {
	first, known := order[a]
	second, other := order[b]
	switch {
	case known && other:
		return first - second
	case !known && !other:
		return strings.Compare(a, b)
	case known:
		return -1
	}
	return 1
}
