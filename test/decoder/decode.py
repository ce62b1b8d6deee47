#!/usr/bin/env python3
"""Reads one recorded link of an Everterm session. Written from PROTOCOL.md; needs nothing but Python 3.8.

    decode.py SECRETS.json CLIENT.bin SERVER.bin

CLIENT.bin and SERVER.bin are what the client and the server wrote on one byte carrier: hello, answer, records. SECRETS.json is
{"session": hex, "features": [...], "psk": hex} with "clientEphemeral" or "serverEphemeral", the private half of that end's e, as hex:
the pre-shared key alone opens the hello and nothing else. {"k1": hex, "k2": hex} opens the records alone.
Prints one JSON object a line: hello and answer, then for each direction its records' frames and the mux messages in them.
"""

import hashlib
import hmac
import json
import struct
import sys

HELLO_BYTES = 1400
MAX_RECORD_BYTES = 61_456
MAX_OFFSET = 2**53 - 1
REFUSED = bytes.fromhex("4556544d01ff0000")

class ProtocolError(Exception):
    """The recording is not what PROTOCOL.md says."""

def check(holds, text):
    if not holds:
        raise ProtocolError(text)

# --- RFC 7748, X25519 ---

P = 2**255 - 19

def x25519(private, public):
    scalar = int.from_bytes(private, "little") & ~7 & (2**255 - 1) | 2**254
    x1 = int.from_bytes(public, "little") & (2**255 - 1)
    x2, z2, x3, z3 = 1, 0, x1, 1
    for bit in range(254, -1, -1):
        swap = scalar >> bit & 1
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        aa, bb, da, cb = a * a % P, b * b % P, d * a % P, c * b % P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % P, x1 * (da - cb) ** 2 % P
        x2, z2 = aa * bb % P, e * (aa + 121665 * e) % P
        if swap:
            x2, z2, x3, z3 = x3, z3, x2, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")

# --- RFC 8439, ChaCha20-Poly1305 ---

ROUNDS = [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]

def chacha_block(key, counter, nonce):
    start = list(struct.unpack("<4I", b"expand 32-byte k") + struct.unpack("<8I", key) + (counter,) + struct.unpack("<3I", nonce))
    s = start[:]
    for _ in range(10):
        for a, b, c, d in ROUNDS:
            for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                s[x] = (s[x] + s[y]) & 0xFFFFFFFF
                v = s[z] ^ s[x]
                s[z] = (v << turn | v >> (32 - turn)) & 0xFFFFFFFF
    return struct.pack("<16I", *((x + y) & 0xFFFFFFFF for x, y in zip(s, start)))

def poly1305(key, text):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(text), 16):
        total = (total + int.from_bytes(text[at : at + 16] + b"\x01", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")

def aead_open(key, number, data, sealed):
    """The plaintext; the nonce is four zero bytes and the number, little-endian."""
    nonce = struct.pack("<IQ", 0, number)
    check(len(sealed) >= 16, "shorter than its tag")
    text, tag = sealed[:-16], sealed[-16:]
    one_time = chacha_block(key, 0, nonce)[:32]
    padded = data + bytes(-len(data) % 16) + text + bytes(-len(text) % 16)
    mac = poly1305(one_time, padded + struct.pack("<QQ", len(data), len(text)))
    check(hmac.compare_digest(mac, tag), "does not open")
    stream = b"".join(chacha_block(key, 1 + at, nonce) for at in range((len(text) + 63) // 64))
    return bytes(x ^ y for x, y in zip(text, stream))

# --- Noise_NNpsk0_25519_ChaChaPoly_SHA256, revision 34 ---

def hkdf(chaining, material, count):
    secret, outputs, last = hmac.digest(chaining, material, "sha256"), [], b""
    for index in range(1, count + 1):
        last = hmac.digest(secret, last + bytes([index]), "sha256")
        outputs.append(last)
    return outputs

class Handshake:
    def __init__(self, prologue):
        self.h = self.ck = hashlib.sha256(b"Noise_NNpsk0_25519_ChaChaPoly_SHA256").digest()
        self.mix_hash(prologue)

    def mix_hash(self, data):
        self.h = hashlib.sha256(self.h + data).digest()

    def mix_key(self, material):
        self.ck, self.k = hkdf(self.ck, material, 2)
        self.n = 0

    def mix_psk(self, psk):
        self.ck, text, self.k = hkdf(self.ck, psk, 3)
        self.mix_hash(text)
        self.n = 0

    def mix_e(self, e):
        self.mix_hash(e)
        self.mix_key(e)  # section 9.2: only where there is a pre-shared key

    def open(self, sealed):
        text = aead_open(self.k, self.n, self.h, sealed)
        self.mix_hash(sealed)
        self.n += 1
        return text

def prologue(secrets):
    parts = [b"everterm\x01", bytes.fromhex(secrets["session"]), bytes([secrets.get("protocol", 1), 0])]
    features = [feature.encode() for feature in sorted(secrets.get("features", []))]
    return b"".join([*parts, bytes([len(features)]), *(bytes([len(each)]) + each for each in features)])

def read_handshake(secrets, hello, answer, show):
    """k1 and k2 of the link, or None when the secrets do not reach so far."""
    check(len(hello) == HELLO_BYTES and hello[:5] == b"EVTM\x01" and hello[5] in (0, 1), "not a hello")
    line = {"from": "client", "hello": ["passkey", "root"][hello[5]], "route": hello[6:22].hex()}
    if "psk" not in secrets:
        show(line)
        show({"from": "server", "answer": "refused" if answer[:8] == REFUSED else "sealed"})
        return secrets["k1"], secrets["k2"]
    noise = Handshake(prologue(secrets))
    noise.mix_psk(bytes.fromhex(secrets["psk"]))
    noise.mix_e(e1 := hello[22:54])
    payload = noise.open(hello[54:])
    show({**line, "instance": payload[:16].hex(), "link": int.from_bytes(payload[16:24], "big")})
    if answer[:8] == REFUSED:
        show({"from": "server", "answer": "refused"})
        return None
    noise.mix_e(e2 := answer[:32])
    mine, theirs = ("clientEphemeral", e2) if "clientEphemeral" in secrets else ("serverEphemeral", e1)
    if mine not in secrets:
        return None
    noise.mix_key(x25519(bytes.fromhex(secrets[mine]), theirs))
    payload = noise.open(answer[32:HELLO_BYTES])
    check(payload[0] == 1 - hello[5], "the root follows a hello under the passkey, and no other")
    show({"from": "server", "answer": "accepted", "root": payload[1:33].hex() if payload[0] else None})
    return hkdf(noise.ck, b"", 2)

class Short(Exception):
    """More bytes are needed."""

class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Short
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, low=0, high=MAX_OFFSET):
        """A varint of RFC 9000, section 16."""
        first = self.take(1)[0]
        value = int.from_bytes(bytes([first & 63]) + self.take((1 << (first >> 6)) - 1), "big")
        check(low <= value <= high, f"{value} outside {low}..{high}")
        return value

    def text(self, high):
        return self.take(self.number(0, high)).decode()

    def object(self, low, high):
        value = json.loads(self.take(self.number(low, high)))
        check(isinstance(value, dict), "not a JSON object")
        return value

def read_ack(r):
    link, delay, count = r.number(), r.number(), r.number(1, 256)
    largest = r.number()
    ranges = [[largest - r.number(1) + 1, largest]]
    for _ in range(count - 1):
        largest = ranges[-1][0] - 1 - r.number(1)
        ranges.append([largest - r.number(1) + 1, largest])
    check(ranges[-1][0] >= 0, "a range below 0")
    return {"frame": "ACK", "link": link, "delayUs": delay, "ranges": ranges}

def read_resume(r):
    streams = []
    for _ in range(r.number(0, 8)):
        stream, end = r.number(0, 7), r.number()
        entry = {"stream": stream, "next": end, "ranges": []}
        for _ in range(r.number(0, 64)):
            begin = end + r.number(1)
            end = begin + r.number(1, MAX_OFFSET - begin)
            entry["ranges"].append([begin, end])
        streams.append(entry)
    return {"frame": "RESUME", "streams": streams}

def read_frame(r):
    kind = r.take(1)[0]
    if kind <= 1:
        return {"frame": ["PADDING", "PING"][kind]}
    if kind == 2:
        stream, offset, length = r.number(0, 7), r.number(), r.number(1)
        check(offset + length <= MAX_OFFSET, "beyond the last offset")
        return {"frame": "STREAM", "stream": stream, "offset": offset, "bytes": r.take(length)}
    if kind == 3:
        return read_ack(r)
    if kind == 4:
        return read_resume(r)
    if kind == 5:
        frame = {"frame": "DATAGRAM", **{name: r.number() for name in ("channel", "id", "index")}, "count": r.number(1, 65_536)}
        check(frame["index"] < frame["count"], "index not below count")
        return {**frame, "bytes": r.take(r.number())}
    if kind == 6:
        return {"frame": "PREFER", "link": r.number()}
    check(kind == 7, f"frame type {kind}")
    return {"frame": "BYE", "code": r.number(), "text": r.text(256)}

def read_message(r):
    kind, channel = r.take(1)[0], r.number()
    name = [None, "OPEN", "ACCEPT", "REFUSE", "DATA", "CREDIT", "EOF", "NOTE", "RESET"][kind if kind <= 8 else 0]
    check(name, f"message type {kind}")
    line = {"message": name, "channel": channel}
    if name == "OPEN":
        line["kind"] = r.take(r.number(1, 32)).decode()
    if name in ("OPEN", "ACCEPT"):
        return {**line, "credit": r.number(), "metadata": r.object(0, 4096)}
    if name in ("REFUSE", "RESET"):
        return {**line, "code": r.number(), "text": r.text(1024)}
    if name == "DATA":
        return {**line, "bytes": r.take(r.number(1, 61_440)).hex()}
    if name == "CREDIT":
        return {**line, "limit": r.number()}
    return {**line, "body": r.object(1, 1024)} if name == "NOTE" else line

class Stream:
    """One direction of one stream: places bytes by offset, the first copy wins, and cuts what is contiguous into messages."""

    def __init__(self):
        self.next, self.held, self.ready = 0, {}, bytearray()

    def place(self, offset, data):
        for at, byte in enumerate(data, offset):
            if at >= self.next:
                self.held.setdefault(at, byte)
        while self.next in self.held:
            self.ready.append(self.held.pop(self.next))
            self.next += 1
        reader, messages = Reader(bytes(self.ready)), []
        while True:
            start = reader.at
            try:
                messages.append(read_message(reader))
            except Short:
                del self.ready[:start]
                return messages

def read_direction(origin, key, data, show):
    streams, r, number = [Stream() for _ in range(8)], Reader(data), 0
    while r.at < len(data):
        start = r.at
        try:
            length = int.from_bytes(r.take(2), "big")
            check(17 <= length <= MAX_RECORD_BYTES, f"record of {length} bytes")
            sealed = r.take(length)
        except Short:
            show({"from": origin, "cut": len(data) - start})
            return
        frames = Reader(aead_open(key, number, b"", sealed))
        while frames.at < len(frames.data):
            frame = read_frame(frames)
            text = {"bytes": frame["bytes"].hex()} if "bytes" in frame else {}
            show({"from": origin, "record": number, **frame, **text})
            if frame["frame"] == "STREAM":
                for message in streams[frame["stream"]].place(frame["offset"], frame["bytes"]):
                    show({"from": origin, "stream": frame["stream"], **message})
        number += 1

def main(secrets_path, client_path, server_path):
    with open(secrets_path) as f, open(client_path, "rb") as c, open(server_path, "rb") as s:
        secrets, client, server = json.load(f), c.read(), s.read()

    def show(line):
        print(json.dumps(line))

    keys = read_handshake(secrets, client[:HELLO_BYTES], server[:HELLO_BYTES], show)
    if keys is None:
        return
    k1, k2 = (bytes.fromhex(key) if isinstance(key, str) else key for key in keys)
    read_direction("client", k1, client[HELLO_BYTES:], show)
    read_direction("server", k2, server[HELLO_BYTES:], show)

if __name__ == "__main__":
    main(*sys.argv[1:])
