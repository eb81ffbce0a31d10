"""The two clients: the only place where blocking and awaiting differ."""
