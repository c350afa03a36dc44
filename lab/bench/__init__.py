"""How it is measured: the order of replicates, driving the agent, and reading what it sent."""
