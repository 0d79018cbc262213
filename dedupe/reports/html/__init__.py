"""The report page: charts, tables and every cluster in one HTML file."""
