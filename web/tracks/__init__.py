"""What recognition saw: tracks, as its workers told them and the writer filed them."""
