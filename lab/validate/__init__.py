"""How good the simulator is: its programs and rules, real and simulated, and the errors that this shows."""
