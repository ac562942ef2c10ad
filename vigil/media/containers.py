"""What FFmpeg may take a file or a stream for."""

#: Containers of video, by the names of their demuxers; playlists, which name other files, are none.
VIDEO_CONTAINERS = "mpjpeg,mjpeg,mov,matroska,webm,mpegts,flv,avi,h264,hevc,nut"
