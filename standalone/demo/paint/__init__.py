"""The brushes of the demo's street: its backdrop, its people, its things."""
