// An assembly file, however empty, lets a package declare functions without a body: lab.go links one to the runtime's.
