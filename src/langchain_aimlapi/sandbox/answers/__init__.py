"""What the emulated model says: default answers, tool selection, values for schemas, usage."""
