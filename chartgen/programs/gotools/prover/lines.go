//go:build !js

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"helm.sh/helm/v4/pkg/chart/common"
)

func main() {
	if len(os.Args) > 1 { // `version`, as Helm has it
		fmt.Print(common.DefaultCapabilities.HelmVersion.Version)
		return
	}
	hushed()
	requests := make(chan request, 1<<16)
	answers := make(chan answer)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for each := range requests {
				answers <- handled(each)
			}
		})
	}
	go func() {
		read(requests)
		workers.Wait()
		close(answers)
	}()
	write(answers)
}

// read reads requests to the end of standard input.
func read(requests chan<- request) {
	defer close(requests)
	lines := json.NewDecoder(bufio.NewReaderSize(os.Stdin, 1<<20))
	for {
		var each request
		if err := lines.Decode(&each); err == io.EOF {
			return
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "prover: a request is not JSON:", err)
			os.Exit(2)
		}
		requests <- each
	}
}

func write(answers <-chan answer) {
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for each := range answers {
		if lines.Encode(each) != nil || out.Flush() != nil {
			os.Exit(1)
		}
	}
}
