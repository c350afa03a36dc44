// The probe says what a process of a cell sees of its own settings, once before the cell's first replicate. It may import
// what a measured program may not: it is none.
package main

import (
	"encoding/json"
	"os"
	"runtime"
	"runtime/debug"
	"strings"

	"${ module }/internal/lab"
)

type effective struct {
	GOGC       int      `json:"gogc"`
	GOMEMLIMIT int64    `json:"gomemlimit"`
	GODEBUG    string   `json:"godebug"`
	Go         string   `json:"go"`
	Mounts     []string `json:"mounts"`
}

func main() {
	lab.Effective()
	lab.Flush()
	line, err := json.Marshal(map[string]effective{"e": {
		GOGC:       debug.SetGCPercent(-1), // gives what it was
		GOMEMLIMIT: debug.SetMemoryLimit(-1),
		GODEBUG:    os.Getenv("GODEBUG"),
		Go:         runtime.Version(),
		Mounts:     mounts(),
	}})
	if err != nil {
		panic(err)
	}
	out := os.NewFile(3, "lines") // where LAB_FD points to under the agent
	if os.Getenv("LAB_FD") == "" {
		out = os.Stderr
	}
	if _, err := out.Write(append(line, '\n')); err != nil {
		os.Exit(74)
	}
}

// mounts lists the mount points with the types of what is mounted there.
func mounts() []string {
	content, _ := os.ReadFile("/proc/self/mountinfo")
	found := []string{}
	for _, line := range strings.Split(string(content), "\n") {
		// 36 35 98:0 /root /mount options … - type source superoptions
		before, after, ok := strings.Cut(line, " - ")
		fields, tail := strings.Fields(before), strings.Fields(after)
		if ok && len(fields) > 4 && len(tail) > 0 {
			found = append(found, fields[4]+" "+tail[0])
		}
	}
	return found
}
