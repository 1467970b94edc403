"""smart_open: go back and forth in a file, which asks for ranges."""

import io

from smart_open import open

for bucket, folder in (("warehouse", "raw"), ("landing", "archive"), ("landing", "today")):
    with open(f"s3://{bucket}/{folder}/alphabet.txt", "wb") as out:
        out.write(b"abcdefghijklmnopqrstuvwxyz" * 100_000)
    with open(f"s3://{bucket}/{folder}/alphabet.txt", "rb") as text:
        print(text.seek(26 * 70_000 + 3), text.read(5))
        print(text.seek(-3, io.SEEK_END), text.read())
        print(text.seek(0), text.read(2), text.seek(24, io.SEEK_CUR), text.read(2))
        print(text.seek(0, io.SEEK_END), text.read())
