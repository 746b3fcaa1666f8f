"""People's data: what is held of a person, exported and erased; an account, exported and closed."""
