"""One call as a generator that asks for requests and waits: pacing, retries, errors. No I/O."""
