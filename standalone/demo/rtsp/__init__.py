"""An RTSP camera that plays a file for ever, without encoding it again."""
