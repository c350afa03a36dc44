"""No twin: see the reason."""

NOT_PREDICTED = (
    "one goroutine computes and faults on the program's own file, and nothing is scheduled:"
    " faults on a file have no calibrated primitive, and what a search over n names computes is no matter of the scheduler"
)
