"""Requests on their way through httpx: sockets, framing, limits, the deadline. The only place that touches sockets."""
