"""What was found, in the forms that people and their tools read; one file a form."""
