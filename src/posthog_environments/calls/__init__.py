"""Call generators: pacing, retries and errors of one call. No I/O."""
