"""smart_open: write and read lines, in one part and in several, and a compressed file."""

from smart_open import open
from smart_open.s3 import iter_bucket

for bucket, folder in (("warehouse", "raw"), ("landing", "archive"), ("landing", "today")):
    with open(f"s3://{bucket}/{folder}/lines.txt", "w") as out:
        out.writelines(f"{folder} {number}\n" for number in range(3))
    with open(f"s3://{bucket}/{folder}/lines.txt") as lines:
        print(bucket, folder, list(lines))

with open("s3://warehouse/raw/table.csv.gz", "wt") as out:
    out.write("a,b\n1,2\n")
with open("s3://warehouse/raw/table.csv.gz", "rt") as text:
    print(text.read())

block = bytes(range(256)) * 1024
with open(
    "s3://warehouse/raw/big.bin", "wb", transport_params={"min_part_size": 5 * 1024**2}
) as out:
    for _ in range(48):
        out.write(block)
with open("s3://warehouse/raw/big.bin", "rb") as big:
    print(len(big.read()))

with open("s3://landing/archive/one.txt", "w", transport_params={"multipart_upload": False}) as out:
    out.write("in one request")
with open("s3://landing/archive/one.txt") as text:
    print(text.read())

try:
    open("s3://warehouse/raw/no-such-key")
except OSError as error:
    print(type(error).__name__)  # the message is the store's

for key, content in sorted(iter_bucket("landing", workers=2)):
    print(key, content)
