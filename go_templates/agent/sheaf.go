package main

// sheaf is what was ordered together: its replicates follow each other with nobody but the agent awake in between, and are
// answered together. A round trip to the lab wakes four processes and costs more than starting a small program; what it
// would disturb, were the answer sent at once, is the next replicate's start.
type sheaf struct {
	replicates []*replicate
}

// carryOut runs a sheaf and answers. Each answer is kept first: whoever is killed before the lab has heard it, it is there.
func (a *agent) carryOut(s *sheaf) {
	const much = 256 << 10 // the agent lives in its container's memory limit, so it holds no more than that
	var answers []byte
	for i, r := range s.replicates {
		d := a.run(r)
		answer := separated(d)
		answers = append(answers, answer[1:]...)
		isKept := a.captures.keep(answer)
		tidy(d)
		isLast := i == len(s.replicates)-1
		if isLast {
			a.turn.Store(nil) // before the answer, to which another sheaf may be the reply
		}
		if isLast || !isKept || len(answers) > much {
			a.say(answers)
			answers = nil
		}
	}
}

// stop ends the replicate that runs, and before it those that would follow: they do not start.
func (a *agent) stop(s *sheaf) {
	for i := len(s.replicates) - 1; i >= 0; i-- {
		a.kill(s.replicates[i], &s.replicates[i].stopped)
	}
}
