"""From sentences to points: which sentences a point stands on, and the words that it is given."""
