"""The command line: a file a command group; each command parses, calls and prints."""
