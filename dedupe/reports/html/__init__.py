"""What a run found, as one page for a browser: charts, tables and every cluster."""
