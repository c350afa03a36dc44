package main

import (
	"os"
	"path/filepath"
	"strings"
)

// cgroup is where the files of one controller are for the agent's own group.
type cgroup struct {
	path    string
	version int // 0 where it was not found
}

// cgroupFolders finds the folders of memory and cpu. Their versions may differ on a machine that has both;
// the one of memory is what the agent says, because memory decides how a replicate may end.
func cgroupFolders() (memory, processor cgroup) {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	groups, _ := os.ReadFile("/proc/self/cgroup")
	find := func(controller, v1File, v2File string) cgroup {
		for _, path := range candidates(string(mounts), string(groups), controller) {
			if exists(filepath.Join(path, v1File)) {
				return cgroup{path, 1}
			}
		}
		for _, path := range candidates(string(mounts), string(groups), "") {
			if exists(filepath.Join(path, v2File)) {
				return cgroup{path, 2}
			}
		}
		return cgroup{}
	}
	return find("memory", "memory.oom_control", "memory.events"), find("cpu", "cpu.stat", "cpu.stat")
}

// candidates are where the group's files of a v1 controller, or with "" those of v2, may be. Which one it is
// depends on who mounted them: a host shows the whole tree, and the group is a path in it; a container
// sees its group as the mount's root, whether or not it has a cgroup namespace to tell it so.
func candidates(mountinfo, groups, controller string) []string {
	group, ok := groupOf(groups, controller)
	if !ok {
		return nil
	}
	var found []string
	for _, line := range strings.Split(mountinfo, "\n") {
		// 36 35 98:0 /root /mount options … - type source superoptions
		before, after, ok := strings.Cut(line, " - ")
		fields, tail := strings.Fields(before), strings.Fields(after)
		if !ok || len(fields) < 5 || len(tail) < 3 {
			continue
		}
		v1 := tail[0] == "cgroup" && controller != "" && lists(tail[2], controller)
		v2 := tail[0] == "cgroup2" && controller == ""
		if !v1 && !v2 {
			continue
		}
		root, mount := fields[3], fields[4]
		if below, ok := strings.CutPrefix(group, strings.TrimSuffix(root, "/")); ok {
			found = append(found, filepath.Join(mount, below))
		}
		found = append(found, mount)
	}
	return found
}

// groupOf reads a line of /proc/self/cgroup: 4:memory:/docker/id, or 0::/group in v2.
func groupOf(groups, controller string) (string, bool) {
	for _, line := range strings.Split(groups, "\n") {
		parts := strings.SplitN(line, ":", 3)
		if len(parts) == 3 && (parts[1] == controller || controller != "" && lists(parts[1], controller)) {
			return parts[2], true
		}
	}
	return "", false
}

// lists says whether a comma-separated list has the name.
func lists(list, name string) bool {
	for _, item := range strings.Split(list, ",") {
		if item == name {
			return true
		}
	}
	return false
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
