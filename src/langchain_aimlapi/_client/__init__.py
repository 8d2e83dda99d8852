"""What every endpoint shares: settings, requests, sending."""
