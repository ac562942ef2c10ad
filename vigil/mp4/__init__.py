"""MP4 files as who writes footage and who reads it must know them (ISO/IEC 14496-12)."""
