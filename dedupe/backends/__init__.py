"""The same run where memory does not suffice: its texts and keys under an existing backend."""
