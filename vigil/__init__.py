"""What every Vigil service speaks: settings, errors, time, the run loop, domain types, the bus."""
