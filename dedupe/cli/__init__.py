"""The command line: the only package that knows click, exit codes and terminals."""
