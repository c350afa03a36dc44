package main

import (
	"io/fs"
	"os"
	"path/filepath"
)

// scratch is the folder that each replicate finds empty; "" where there is none to empty.
type scratch string

// findScratch takes /tmp for it where the agent is the first process of its namespace and finds it empty, as
// the fresh tmpfs of a container is. A /tmp that holds something is somebody else's.
func findScratch(r realm) scratch {
	const path = "/tmp"
	entries, err := os.ReadDir(path)
	if r != namespace || err != nil || len(entries) > 0 {
		return ""
	}
	return path
}

// clear removes what is in the folder, not the folder. Without capabilities even the first process may not
// read a folder that forbids it, but it owns all of them and can allow itself.
func (s scratch) clear() {
	if s == "" {
		return
	}
	entries, _ := os.ReadDir(string(s))
	for _, entry := range entries {
		inside := filepath.Join(string(s), entry.Name())
		if os.RemoveAll(inside) == nil {
			continue
		}
		filepath.WalkDir(inside, func(at string, e fs.DirEntry, _ error) error {
			if e != nil && e.IsDir() {
				os.Chmod(at, 0o700)
			}
			return nil
		})
		os.RemoveAll(inside)
	}
}
