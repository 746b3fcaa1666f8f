"""SMPP 3.4: an own client, because the bar is 1,500 messages a second and the rule is at most once."""
