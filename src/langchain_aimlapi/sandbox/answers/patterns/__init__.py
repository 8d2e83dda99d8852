"""Regular expressions of JSON schemas: parsed once, matched in linear time, turned into text."""
