"""What can go wrong, by name: the table of faults, their effects, and which request meets one."""
