#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads a Hence log without Hence: prints its records and verifies checksums, digests and chain.

usage: log_reader.py FOLDER [--payload | --headers]

Written from docs/formats/log.md alone, with the standard library, as a second opinion. Payloads of
compressed segments need the program zstd; the chain is proved without it (--headers: as if it were
not there).
"""
import hashlib
import os
import re
import shutil
import struct
import subprocess
import sys
import zlib
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


def unpack(data, name, base, at, zstd):
    """A compressed segment's commits as they were written, without payloads where zstd is not."""
    out = bytearray(at)
    while data[at : at + 4] == b"HCK\xf4":
        size, begin, length, *packed = struct.unpack_from("<7I", data, at + 4)
        whole, head = struct.unpack_from("<II", data, at + 32)
        chunk = data[at : at + size]
        check(crc32c(chunk[:32]) == head, name, at, "the checksum of the chunk's head does not fit")
        check(crc32c(chunk[:32] + chunk[40:]) == whole, name, at, "the chunk's checksum does not fit")
        check(begin == len(out), name, at, "the chunk does not follow the one before it")
        middle = 40 + packed[0]
        heads, payloads = zlib.decompress(chunk[40:middle]), None
        if zstd:
            frame = chunk[middle : middle + packed[2]]
            payloads = subprocess.run([zstd, "-dcq"], input=frame, stdout=-1, check=True).stdout
        assemble(out, base, heads, payloads)
        check(len(out) == begin + length, name, at, "the chunk has another length")
        at += size
    return bytes(out) + data[at:], bool(zstd)


def assemble(out, base, heads, payloads):
    """Appends a chunk's frames, records and commit-ends."""
    at, taken = 0, 0
    while at < len(heads):
        (first,) = struct.unpack_from("<I", heads, at)
        size = {0xF14D4348: 64, 0xF2454348: 8}.get(first)
        if size:
            out += heads[at : at + size]
            at += size
            continue
        header = heads[at + 4 : at + 4 + first]
        (length,) = struct.unpack_from("<I", header, 64)
        payload = bytes(length) if payloads is None else payloads[taken : taken + length]
        taken, at = taken + length, at + 4 + first
        begin, total = struct.pack("<I", 12 + first + length), 12 + first + length
        rest = struct.pack("<I", first) + header + payload
        crc = crc32c(struct.pack("<Q", base + len(out)) + begin + rest) if payloads else 0
        out += begin + struct.pack("<I", crc) + rest + bytes(-total % 8)


def read_record(data, name, base, at, with_payloads):
    """The record at offset `at`: its header's bytes, its fields, and where the next one begins."""
    length, crc, header_length = struct.unpack_from("<III", data, at)
    check(length >= 88 and at + length <= len(data), name, at, "impossible length")
    covered = struct.pack("<Q", base + at) + data[at : at + 4] + data[at + 8 : at + length]
    check(not with_payloads or crc32c(covered) == crc, name, at, "the record's checksum does not fit")
    header = data[at + 12 : at + 12 + header_length]
    payload = data[at + 12 + header_length : at + length]
    (version, codec, kind, partition, flags, sequence, micros, key, digest, payload_length,
     *sizes) = struct.unpack_from("<BBHHHQqQ32sI4H", header, 0)
    check(version == 1, name, at, f"record format {version} is newer than this reader")
    check(len(payload) == payload_length, name, at, "the payload has another length")
    fits = not with_payloads or hashlib.sha256(payload).digest() == digest
    check(fits, name, at, "the payload's digest does not fit")
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


def read_segment(path, chain, show, zstd):
    """Prints a segment's records. Returns chain and position after it, and if payloads were read."""
    name = os.path.basename(path)
    with open(path, "rb") as file:
        data = file.read()
    magic, version, at, base, _, before, count, crc = struct.unpack_from("<8sIIQq32sII", data, 0)
    check(magic == b"HENCELOG", name, 0, "no segment header")
    check(version in (1, 2), name, 8, f"segment format {version} is newer than this reader")
    check(crc32c(data[:68] + data[72 : 72 + 10 * count]) == crc, name, 68, "header checksum")
    check(chain is None or chain == before, name, 32, "the chain breaks between segments")
    chain, with_payloads = before, True
    if version == 2:
        data, with_payloads = unpack(data, name, base, at, zstd)
    while at + 64 <= len(data) and data[at : at + 4] == b"HCM\xf1":
        length, position, _, records, crc, after = struct.unpack_from("<IQQII32s", data, at + 4)
        frame = data[at : at + 28] + data[at + 32 : at + 64]
        check(crc32c(frame) == crc, name, at, "frame checksum")
        check(position == base + at, name, at, "the commit stands at another place than its own")
        hasher = hashlib.sha256(chain + data[at : at + 28])
        record_at = at + 64
        for _ in range(records):
            header, fields, record_at = read_record(data, name, base, record_at,
                                                    with_payloads)
            hasher.update(header)
            show(fields)
        end = b"HCE\xf2" + struct.pack("<I", length ^ 0xFFFFFFFF)
        check(data[record_at : record_at + 8] == end, name, record_at, "the commit has no end")
        check(record_at + 8 == at + length, name, at, "the commit has another length")
        check(hasher.digest() == after, name, at, "the hash chain breaks here")
        chain, at = after, at + length
    sealed = data[at : at + 4] == b"HCF\xf3" and data.endswith(b"HENCEEND")
    check(sealed or not data[at:].strip(b"\0"), name, at, "neither commit, footer nor zeros")
    return chain, base + at, with_payloads


def main(folder, option):
    count = 0
    zstd = None if option == "--headers" else shutil.which("zstd")

    def show(fields):
        nonlocal count
        count += 1
        payload = fields.pop("payload")
        if option == "--payload":
            fields["payload"] = payload.decode("latin-1")
        known = {key: value for key, value in fields.items() if value not in ("", None)}
        print(" ".join(f"{key}={value}" for key, value in known.items()))

    chain, end, complete = None, None, True
    for name in sorted(n for n in os.listdir(folder) if re.fullmatch(r"\d{16,}\.seg", n)):
        check(end is None or int(name[:-4]) == end, name, 0, "a segment before it is missing")
        path = os.path.join(folder, name)
        chain, end, with_payloads = read_segment(path, chain, show, zstd)
        complete = complete and with_payloads
    if not complete:
        print("payloads of compressed segments were not looked at, for want of the zstd program")
    print(f"{count} records; the chain is whole; end={end or 0} chain={(chain or bytes(32)).hex()}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--payload"], ["--headers"]):
        sys.exit(__doc__)
    main(*sys.argv[1:], *[""] * (3 - len(sys.argv)))
