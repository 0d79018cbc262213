"""Where the texts of a run are: in memory, on disk, or on Spark workers."""
