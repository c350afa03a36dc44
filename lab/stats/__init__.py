"""Numbers in, numbers out: no files, no clocks, and scipy behind this door."""
