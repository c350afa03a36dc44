"""The machine around the lab: what it is, whose turn it is, who asks for the end."""
