module golab/agent

go 1.22
