"""Sends a UDP datagram from port 0, which no socket but a raw one does: send-from-port-0.py PORT, to 127.0.0.1."""

import socket
import struct
import sys

port = int(sys.argv[1])
body = b"from nobody"
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.sendto(struct.pack("!HHHH", 0, port, 8 + len(body), 0) + body, ("127.0.0.1", port))
