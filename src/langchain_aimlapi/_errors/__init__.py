"""Error bodies and secrets: one reader of what a service says when it fails, one redactor."""
