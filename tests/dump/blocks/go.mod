module blocks

go 1.21
