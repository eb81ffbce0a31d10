"""Records as columns: plain values, Arrow, Parquet."""
