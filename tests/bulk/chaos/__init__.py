"""Jobs in a world that breaks at random."""
