"""Prints a line for each IPv4 packet of this network namespace: "out" or "in", its protocol's number, and its length with the IP header."""

import socket

ALL_PROTOCOLS = 3
OUTGOING = 4

sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
print("listening", flush=True)
while True:
    packet, place = sniffer.recvfrom(65536)
    if packet[0] >> 4 == 4:
        print("out" if place[2] == OUTGOING else "in", packet[9], len(packet), flush=True)
