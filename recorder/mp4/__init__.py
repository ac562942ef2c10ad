"""MP4 files that are whole up to their last fragment, whenever their writer dies."""
