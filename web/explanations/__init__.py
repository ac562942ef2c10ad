"""Why a detection was not shown, of the last minutes."""
