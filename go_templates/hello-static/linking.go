package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"${ module }/internal/lab"
)

// machinesPath is where a C compiler and ldd are, in golab's base or on the machine itself.
const machinesPath = "/usr/local/bin:/usr/bin:/bin"

// linking builds where a C compiler is, and asks the files and ldd what they are: the hello program and, where -imports names
// a package with C in it, one that imports that, as go build does by itself and without C.
func linking(b *bench) {
	b.path += ":" + machinesPath
	b.need("gcc", "gcc libc6-dev")
	ldd := b.need("ldd", "libc-bin")
	b.link(ldd, "hello", "fmt")
	if *imports != "fmt" {
		b.link(ldd, "import", *imports)
		b.link(ldd, "import_without_cgo", *imports, "CGO_ENABLED=0")
	}
}

func (b *bench) link(ldd, name, imported string, environment ...string) {
	b.lay("main.go", programs[imported])
	b.goBuild(name, environment)
	lookInto(b.at("out", name), name+"_")
	observe(name+"_ldd_not_dynamic", b.isNotDynamic(ldd, name))
	lab.Observe(name+"_size_bytes", b.size(name))
}

// need gives the path of a program that is not Go's.
func (b *bench) need(program, packages string) string {
	for _, folder := range strings.Split(machinesPath, ":") {
		path := filepath.Join(folder, program)
		if found, err := os.Stat(path); err == nil && found.Mode()&0o111 != 0 {
			return path
		}
	}
	fail("there is no %s here: apt-get install %s, or use a container engine, with the base that golab engine base makes", program, packages)
	return ""
}

// isNotDynamic is whether ldd says so; it then also ends with an error.
func (b *bench) isNotDynamic(ldd, name string) bool {
	command := exec.Command(ldd, b.at("out", name))
	command.Env = b.environment()
	said, err := command.CombinedOutput()
	says := strings.Contains(string(said), "not a dynamic executable")
	if !says && err != nil {
		fail("ldd: %v: %s", err, ending(said))
	}
	return says
}
