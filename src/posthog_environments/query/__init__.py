"""What goes in: filters, series, dates, trends. No I/O."""
