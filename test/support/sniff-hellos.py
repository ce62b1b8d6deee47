"""Prints a line for each hello that leaves this network namespace over TCP: the address it leaves from, and its route id in clear."""

import socket

ALL_PROTOCOLS = 3
OUTGOING = 4
HELLO = b"EVTM\x01"

sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ALL_PROTOCOLS))
print("listening", flush=True)
while True:
    packet, place = sniffer.recvfrom(65536)
    if place[2] != OUTGOING or packet[0] >> 4 != 4 or packet[9] != socket.IPPROTO_TCP:
        continue
    segment = packet[(packet[0] & 15) * 4 :]
    payload = segment[(segment[12] >> 4) * 4 :]
    if payload.startswith(HELLO) and len(payload) >= 22 and payload[5] in (0, 1):
        print(socket.inet_ntoa(packet[12:16]), payload[6:22].hex(), flush=True)
