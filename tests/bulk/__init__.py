"""Bulk jobs: inputs, the journal, the pace, and jobs that are killed."""
