"""Where programs are built and run: containers, or this machine as it is."""
