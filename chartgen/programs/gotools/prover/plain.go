package main

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"reflect"
	"slices"
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
	kept map[key]made
	size int
}

// key is a hash of a template's name and of all that its result depends on.
type key [sha256.Size]byte

func (m *results) get(of key) (made, bool) {
	m.lock.RLock()
	defer m.lock.RUnlock()
	found, ok := m.kept[of]
	return found, ok
}

func (m *results) put(of key, result made) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.kept == nil || m.size > most {
		m.kept, m.size = map[key]made{}, 0
	}
	m.kept[of] = result
	m.size += 4*len(of) + len(result.text) + 16*len(result.ran)
}

// plainKey tells data apart by its types and contents; false where it is not plain, or not small.
func plainKey(name string, data any) (key, bool) {
	w := plainWriter{nodes: plainNodes, bytes: plainBytes}
	w.byte('p')
	w.text(name)
	if !w.write(data) {
		return key{}, false
	}
	return sha256.Sum256(w.to), true
}

type plainWriter struct {
	to           []byte
	nodes, bytes int
	maps         []uintptr          // that are in the data
	ways         map[uintptr]string // maps that lead to it, by their paths
	files        uintptr            // of the chart, if they can be in it
	alike        bool               // a map may be in the data twice
}

func (w *plainWriter) byte(kind byte) { w.to = append(w.to, kind) }

func (w *plainWriter) text(text string) {
	w.number(uint64(len(text)))
	w.to = append(w.to, text...)
}

func (w *plainWriter) number(number uint64) {
	w.to = binary.LittleEndian.AppendUint64(w.to, number)
}

func (w *plainWriter) write(data any) bool {
	if w.nodes--; w.nodes < 0 {
		return false
	}
	switch v := data.(type) {
	case nil:
		w.byte('n')
	case string:
		if w.bytes -= len(v); w.bytes < 0 {
			return false
		}
		w.byte('s')
		w.text(v)
	case bool:
		if v {
			w.byte('t')
		} else {
			w.byte('f')
		}
	case int:
		w.byte('i')
		w.number(uint64(v))
	case int64:
		w.byte('l')
		w.number(uint64(v))
	case float64:
		w.byte('d')
		w.number(math.Float64bits(v))
	case map[string]any:
		if v == nil || len(v) > w.nodes {
			return false
		}
		if !w.alike {
			place := reflect.ValueOf(v).Pointer()
			if _, ok := w.ways[place]; ok || slices.Contains(w.maps, place) {
				return false
			}
			w.maps = append(w.maps, place)
		}
		w.byte('m')
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
		w.byte('a')
		w.number(uint64(len(v)))
		for _, each := range v {
			if !w.write(each) {
				return false
			}
		}
	default:
		if of := reflect.ValueOf(data); w.files == 0 || of.Kind() != reflect.Map || of.Pointer() != w.files {
			return false
		}
		w.byte('F')
	}
	return true
}
