package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// scratch is what a replicate can write to and the next one finds as it was: folders, and what is theirs in each.
type scratch map[string]map[string]bool

// findScratch takes, where the agent is the first process of its namespace, the container's own file systems in memory:
// /tmp if it is empty, as a fresh one is (a /tmp that holds something is somebody else's), and /dev with the message
// queues below it, where a container's root may make files although its root file system is read-only; and the folder
// that the lab asked for (lab/engine/base.py, FOLDER), which may be a writable one of the machine's.
//
// Under the host engine it is the folder that was made for this run alone, and known by its name: an agent that was started
// anywhere else clears nothing.
func findScratch(r realm) scratch {
	found := scratch{}
	places := []string{"/tmp", "/dev", "/dev/mqueue", "/golab/fs"}
	if r != namespace {
		here, err := os.Getwd()
		if err != nil || !strings.HasPrefix(filepath.Base(here), "golab-run-") {
			return found
		}
		places = []string{filepath.Join(here, "tmp")}
	}
	for _, path := range places {
		entries, err := os.ReadDir(path)
		if err != nil || path == "/tmp" && len(entries) > 0 {
			continue
		}
		found[path] = map[string]bool{}
		for _, entry := range entries {
			found[path][entry.Name()] = true
		}
	}
	return found
}

// clear removes what was not there in the beginning. Without capabilities even the first process may not read a folder
// that forbids it, but it owns all of them and can allow itself.
func (s scratch) clear() {
	for path, own := range s {
		empty(path, own)
	}
}

func empty(path string, own map[string]bool) {
	entries, _ := os.ReadDir(path)
	for _, entry := range entries {
		if own[entry.Name()] {
			continue
		}
		inside := filepath.Join(path, entry.Name())
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
