"""The audio beside the video: copied or encoded to AAC, and placed in the video's time."""
