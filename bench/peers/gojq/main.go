// SPDX-License-Identifier: Apache-2.0

// gojq over the programs and values of `hence bench expr`: a JSON line per program.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/itchyny/gojq"
	"golang.org/x/sys/unix"
)

const maxInputs = 1000

func lines(path string) []string {
	file, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer file.Close()
	scanner := bufio.NewScanner(file)
	scanner.Buffer(nil, 64<<20)
	var out []string
	for scanner.Scan() {
		out = append(out, scanner.Text())
	}
	return out
}

func now() float64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return float64(t.Sec) + float64(t.Nsec)*1e-9
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == "github.com/itchyny/gojq" {
				return "gojq " + dep.Version
			}
		}
	}
	return "gojq"
}

func run(code *gojq.Code, inputs []any) (results int) {
	for _, input := range inputs {
		iter := code.Run(input)
		for {
			value, ok := iter.Next()
			if !ok {
				break
			}
			if _, failed := value.(error); failed {
				break
			}
			results++
		}
	}
	return
}

func compile(text string) (*gojq.Code, error) {
	query, err := gojq.Parse(text)
	if err != nil {
		return nil, err
	}
	return gojq.Compile(query)
}

func main() {
	runtime.LockOSThread()
	var inputs []any
	for _, line := range lines(os.Args[2]) {
		var value any
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			panic(err)
		}
		if inputs = append(inputs, value); len(inputs) == maxInputs {
			break
		}
	}
	for i, text := range lines(os.Args[1]) {
		code, err := compile(text)
		if err != nil {
			fmt.Printf("{\"bench\":\"expr\",\"peer\":%q,\"program\":%d,\"refused\":true}\n", version(), i+1)
			continue
		}
		compiling, best, results := 1e9, 1e9, 0
		for n := 0; n < 20; n++ {
			from := now()
			_, _ = compile(text)
			compiling = min(compiling, now()-from)
		}
		start := time.Now()
		for n := 0; n < 3 || time.Since(start).Seconds() < 2; n++ {
			from := now()
			results = run(code, inputs)
			best = min(best, now()-from)
		}
		fmt.Printf("{\"bench\":\"expr\",\"peer\":%q,\"program\":%d,\"ns\":%.0f,\"compileNs\":%.0f,\"results\":%d}\n",
			version(), i+1, best*1e9/float64(len(inputs)), compiling*1e9, results)
	}
}
