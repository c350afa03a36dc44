"""How these programs end is told by their twins in outcomes/, and by golab validate --ring oracle."""

NOT_PREDICTED = "how a program ends is told by golab validate --ring oracle"
