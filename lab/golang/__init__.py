"""What is run: Go releases, rendered programs, binaries."""
