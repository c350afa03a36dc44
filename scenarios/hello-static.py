"""No twin: see the reason."""

NOT_PREDICTED = "what a compiler computes is no matter of scheduling: no model could know it"
