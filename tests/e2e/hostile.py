"""Requests that no honest client sends."""

#: Ways to a file that is none of ours.
PASSWD = [
    "/image/../../etc/passwd",
    "/image/../../../../../../../../etc/passwd",
    "/image/%2e%2e/%2e%2e/etc/passwd",
    "/image/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "/image/..%2f..%2f..%2f..%2fetc/passwd",
    "/image/%252e%252e%252f%252e%252e%252fetc%252fpasswd",
    "/image/..\\..\\..\\etc\\passwd",
    "/image/..%5c..%5c..%5cetc%5cpasswd",
    "/image/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
    "/image/%c0%af..%c0%afetc%c0%afpasswd",
    "/image/%00/etc/passwd",
    "/image/x%00.jpg",
    "/image//etc/passwd",
    "/image/%2fetc%2fpasswd",
    "/image/....//....//etc/passwd",
    "/image/.%2e/.%2e/etc/passwd",
    "/image/file:///etc/passwd",
    "/image/\xff\xfe/etc/passwd",
    "//image/../../etc/passwd",
    "/%69mage/../../etc/passwd",
    "/static/../../../etc/passwd",
    "/static/..%2f..%2f..%2fetc%2fpasswd",
    "/static/%2e%2e/%2e%2e/settings.py",
    "http://localhost/image/../../etc/passwd",
    "http://localhost/image/%2e%2e/%2e%2e/etc/passwd",
    "file:///etc/passwd",
    "/image/" + "../" * 2000 + "etc/passwd",
]

#: What is no request of HTTP/1.0 or HTTP/1.1, and what it is called.
NO_REQUESTS = {
    "blank lines": b"\r\n\r\n\r\n",
    "binary": b"\x00\x01\x02\x03\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a method alone": b"GET\r\n\r\n",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "HTTP/9.9": b"GET /healthz HTTP/9.9\r\nHost: a\r\n\r\n",
    "HTTP/x.y": b"GET /healthz HTTP/x.y\r\nHost: a\r\n\r\n",
    "HTTP/1": b"GET /healthz HTTP/1\r\nHost: a\r\n\r\n",
    "a blank in the path": b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
    "a long path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
    "a long header": b"GET / HTTP/1.1\r\nA: " + b"b" * 100_000 + b"\r\n\r\n",
    "5,000 headers": b"GET / HTTP/1.1\r\n"
    + b"".join(b"A%d: b\r\n" % n for n in range(5000))
    + b"\r\n",
}

#: A whole request, hidden behind another.
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

#: Headers that say of a body what two servers could read differently.
AMBIGUOUS = [
    ["Content-Length: 5", "Transfer-Encoding: chunked"],
    ["Transfer-Encoding: chunked", "Content-Length: 5"],
    ["Content-Length: 5", "Content-Length: 6"],
    ["Content-Length: 0", "Content-Length: 40"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ["Transfer-Encoding: identity, chunked"],
    ["Transfer-Encoding: xchunked"],
    ["Transfer-Encoding: gzip"],
    ["Transfer-Encoding : chunked"],
    [" Transfer-Encoding: chunked"],
    ["Content-Length : 5"],
    ["X: a", "\tTransfer-Encoding: chunked"],
    ["Transfer-Encoding:\x0bchunked"],
    ["Content-Length: 5\nX: y"],
]

#: Requests that somebody begins, and does not end.
BEGUN = [
    b"",
    b"GET /hea",
    b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"GET / HTTP/1.1\r\nHost",
    b'POST /login HTTP/1.1\r\nContent-Length: 1000\r\n\r\n{"username"',
    b"POST /login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
]
