"""Tool schemas rewritten to the subset of JSON Schema that some back ends accept."""
