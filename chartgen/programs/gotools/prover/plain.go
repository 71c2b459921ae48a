package main

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// What a template makes of plain data, texts, numbers and small maps and lists of them, is made once for a chart: it can
// reach nothing but its data. A map that is in it twice is not plain: a change of one is a change of both. Exceptions are
// found when it runs: it fails, asks for the time or for chance, or changes the data that it is given.

const (
	plainNodes = 48       // texts, numbers, maps and lists in data that counts as small
	plainBytes = 16 << 10 // of all texts in it
)

// made is what a template printed, the templates that ran, and how deep they include each other.
type made struct {
	text string
	ran  []string
	deep int
}

// results are those of a chart's templates, by template and data.
type results struct {
	lock sync.RWMutex
	kept map[string]made
	size int
}

func (m *results) get(key string) (made, bool) {
	m.lock.RLock()
	defer m.lock.RUnlock()
	found, ok := m.kept[key]
	return found, ok
}

func (m *results) put(key string, result made) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.kept == nil || m.size > most {
		m.kept, m.size = map[string]made{}, 0
	}
	m.kept[key] = result
	m.size += len(key) + len(result.text)
}

// plainKey tells data apart by its types and contents; false where it is not plain, or not small.
func plainKey(name string, data any) (string, bool) {
	w := plainWriter{nodes: plainNodes, bytes: plainBytes}
	w.text(name)
	if !w.write(data) {
		return "", false
	}
	return w.to.String(), true
}

type plainWriter struct {
	to           strings.Builder
	nodes, bytes int
	maps         []uintptr // that are in the data
}

func (w *plainWriter) text(text string) {
	w.number(uint64(len(text)))
	w.to.WriteString(text)
}

func (w *plainWriter) number(number uint64) {
	var bytes [8]byte
	binary.LittleEndian.PutUint64(bytes[:], number)
	w.to.Write(bytes[:])
}

func (w *plainWriter) write(data any) bool {
	if w.nodes--; w.nodes < 0 {
		return false
	}
	switch v := data.(type) {
	case nil:
		w.to.WriteByte('n')
	case string:
		if w.bytes -= len(v); w.bytes < 0 {
			return false
		}
		w.to.WriteByte('s')
		w.text(v)
	case bool:
		if v {
			w.to.WriteByte('t')
		} else {
			w.to.WriteByte('f')
		}
	case int:
		w.to.WriteByte('i')
		w.number(uint64(v))
	case int64:
		w.to.WriteByte('l')
		w.number(uint64(v))
	case float64:
		w.to.WriteByte('d')
		w.number(math.Float64bits(v))
	case map[string]any:
		place := reflect.ValueOf(v).Pointer()
		if v == nil || len(v) > w.nodes || slices.Contains(w.maps, place) {
			return false
		}
		w.maps = append(w.maps, place)
		w.to.WriteByte('m')
		w.number(uint64(len(v)))
		keys := make([]string, 0, len(v))
		for key := range v {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		for _, key := range keys {
			w.text(key)
			if !w.write(v[key]) {
				return false
			}
		}
	case []any:
		if v == nil || len(v) > w.nodes {
			return false
		}
		w.to.WriteByte('a')
		w.number(uint64(len(v)))
		for _, each := range v {
			if !w.write(each) {
				return false
			}
		}
	default:
		return false
	}
	return true
}
