"""Arguments: filters, series, dates, trends. No I/O."""
