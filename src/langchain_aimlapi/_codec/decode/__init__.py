"""Reply bodies and events to text, tool calls, usage and metadata."""
