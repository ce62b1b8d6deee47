"""Runs a program as systemd does with LISTEN_FDS: a TCP socket and a UDP socket of one port, for all addresses.

    activate-udp.py PORT COMMAND...
"""
import os
import socket
import sys

port = int(sys.argv[1])
sockets = []
for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    made = socket.socket(socket.AF_INET6, kind)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    made.bind(("::", port))
    sockets.append(made)
sockets[0].listen(16)
# First out of the way of the places they get.
kept = [os.dup(os.dup(os.dup(each.fileno()))) for each in sockets]
for place, descriptor in enumerate(kept, 3):
    os.dup2(descriptor, place)
    os.set_inheritable(place, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="tcp:udp")
os.execv(sys.argv[2], sys.argv[2:])
