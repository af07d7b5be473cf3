#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a Hence log without Hence: prints its records and verifies checksums, digests and chain.

usage: log_reader.py FOLDER [--payload]

Written from docs/formats/log.md alone, with the standard library, as a second opinion.
"""
import hashlib
import os
import re
import struct
import sys
from datetime import datetime, timedelta, timezone

TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def check(condition, name, offset, what):
    if not condition:
        sys.exit(f"{name}, offset {offset}: {what}")


def read_record(data, name, base, at):
    """The record at offset `at`: its header's bytes, its fields, and where the next one begins."""
    length, crc, header_length = struct.unpack_from("<III", data, at)
    check(length >= 88 and at + length <= len(data), name, at, "impossible length")
    covered = struct.pack("<Q", base + at) + data[at : at + 4] + data[at + 8 : at + length]
    check(crc32c(covered) == crc, name, at, "the record's checksum does not fit")
    header = data[at + 12 : at + 12 + header_length]
    payload = data[at + 12 + header_length : at + length]
    (version, codec, kind, partition, flags, sequence, micros, key, digest, payload_length,
     *sizes) = struct.unpack_from("<BBHHHQqQ32sI4H", header, 0)
    check(version == 1, name, at, f"record format {version} is newer than this reader")
    check(len(payload) == payload_length, name, at, "the payload has another length")
    check(hashlib.sha256(payload).digest() == digest, name, at, "the payload's digest does not fit")
    rest, texts = 76, []
    event = None
    if flags & 1:
        high, low = struct.unpack_from("<QQ", header, rest)
        event, rest = f"{high:016x}{low:016x}", rest + 16
    for size in sizes:
        texts.append(header[rest : rest + size].decode())
        rest += size
    place = "ctl" if partition == 0xFFFF else f"{partition:02d}"
    time = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=micros)
    fields = dict(position=base + at, address=f"{place}-{sequence}", time=time.isoformat(),
                  kind=kind, codec=codec, namespace=texts[0], principal=texts[1], reason=texts[2],
                  traceparent=texts[3], event=event, bytes=len(payload), payload=payload)
    return header, fields, (at + length + 7) // 8 * 8


def read_segment(path, chain, show):
    """Prints a segment's records. Returns the chain after it and the position of its end."""
    name = os.path.basename(path)
    with open(path, "rb") as file:
        data = file.read()
    magic, version, at, base, _, before, count, crc = struct.unpack_from("<8sIIQq32sII", data, 0)
    check(magic == b"HENCELOG", name, 0, "no segment header")
    check(version == 1, name, 8, f"segment format {version} is newer than this reader")
    check(crc32c(data[:68] + data[72 : 72 + 10 * count]) == crc, name, 68, "header checksum")
    check(chain is None or chain == before, name, 32, "the chain breaks between segments")
    chain = before
    while at + 64 <= len(data) and data[at : at + 4] == b"HCM\xf1":
        length, position, _, records, crc, after = struct.unpack_from("<IQQII32s", data, at + 4)
        frame = data[at : at + 28] + data[at + 32 : at + 64]
        check(crc32c(frame) == crc, name, at, "frame checksum")
        check(position == base + at, name, at, "the commit stands at another place than its own")
        hasher = hashlib.sha256(chain + data[at : at + 28])
        record_at = at + 64
        for _ in range(records):
            header, fields, record_at = read_record(data, name, base, record_at)
            hasher.update(header)
            show(fields)
        end = b"HCE\xf2" + struct.pack("<I", length ^ 0xFFFFFFFF)
        check(data[record_at : record_at + 8] == end, name, record_at, "the commit has no end")
        check(record_at + 8 == at + length, name, at, "the commit has another length")
        check(hasher.digest() == after, name, at, "the hash chain breaks here")
        chain, at = after, at + length
    sealed = data[at : at + 4] == b"HCF\xf3" and data.endswith(b"HENCEEND")
    check(sealed or not data[at:].strip(b"\0"), name, at, "neither commit, footer nor zeros")
    return chain, base + at


def main(folder, with_payload):
    count = 0

    def show(fields):
        nonlocal count
        count += 1
        payload = fields.pop("payload")
        if with_payload:
            fields["payload"] = payload.decode("latin-1")
        known = {key: value for key, value in fields.items() if value not in ("", None)}
        print(" ".join(f"{key}={value}" for key, value in known.items()))

    chain, end = None, None
    for name in sorted(n for n in os.listdir(folder) if re.fullmatch(r"\d{16,}\.seg", n)):
        check(end is None or int(name[:-4]) == end, name, 0, "a segment before it is missing")
        chain, end = read_segment(os.path.join(folder, name), chain, show)
    print(f"{count} records; the chain is whole; end={end or 0} chain={(chain or bytes(32)).hex()}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--payload"]):
        sys.exit(__doc__)
    main(sys.argv[1], len(sys.argv) == 3)
