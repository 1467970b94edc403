"""A job as it was written before anything moved: plain boto3, two buckets, no word of botwo."""

import hashlib
import io

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

s3 = boto3.client("s3")

print("buckets", [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])

# Write, into the bucket that moved, into the prefix that moved, and into what stays.
for number in range(5):
    body = f"reading {number}\n".encode() * (number + 1)
    s3.put_object(
        Bucket="warehouse",
        Key=f"raw/day={number}/readings.txt",
        Body=body,
        ContentType="text/plain",
        Metadata={"day": str(number)},
    )
    s3.put_object(Bucket="landing", Key=f"archive/{number}.txt", Body=body)
    s3.put_object(Bucket="landing", Key=f"today/{number}.txt", Body=body)

# Read.
got = s3.get_object(Bucket="warehouse", Key="raw/day=3/readings.txt")
print(got["ContentLength"], got["ContentType"], got["ETag"], got["Body"].read())
print(list(got["Metadata"].values()))  # a store may write the names with capitals
head = s3.head_object(Bucket="landing", Key="archive/4.txt")
print(head["ContentLength"], head["ETag"])

# List: a page at a time, over the prefix that moved and what stays.
pages = s3.get_paginator("list_objects_v2").paginate(
    Bucket="landing", PaginationConfig={"PageSize": 3}
)
for page in pages:
    print(page["KeyCount"], [(found["Key"], found["Size"]) for found in page["Contents"]])
folders = s3.list_objects_v2(Bucket="warehouse", Prefix="raw/", Delimiter="/")
print(folders["Prefix"], [common["Prefix"] for common in folders["CommonPrefixes"]])

# Copy, from one bucket to the other and back.
s3.copy_object(
    Bucket="landing",
    Key="today/copied.txt",
    CopySource={"Bucket": "warehouse", "Key": "raw/day=1/readings.txt"},
)
s3.copy({"Bucket": "landing", "Key": "today/copied.txt"}, "warehouse", "raw/again.txt")
print(s3.get_object(Bucket="warehouse", Key="raw/again.txt")["Body"].read())

# Transfers in parts.
big = bytes(range(256)) * 4096 * 12
parts = TransferConfig(multipart_threshold=5 * 1024**2, multipart_chunksize=5 * 1024**2)
s3.upload_fileobj(io.BytesIO(big), "warehouse", "big.bin", Config=parts)
back = io.BytesIO()
s3.download_fileobj("warehouse", "big.bin", back, Config=parts)
print(len(big), hashlib.sha256(big).hexdigest() == hashlib.sha256(back.getvalue()).hexdigest())

# What is not there.
for bucket in ("warehouse", "landing"):
    try:
        s3.get_object(Bucket=bucket, Key="archive/no-such-key")
    except s3.exceptions.NoSuchKey as error:
        print(type(error).__name__, error.response["Error"]["Code"], error.operation_name)
    try:
        s3.head_object(Bucket=bucket, Key="archive/no-such-key")
    except ClientError as error:
        print(type(error).__name__, error.response["Error"]["Code"], error.operation_name)

# The same names through a resource.
warehouse = boto3.resource("s3").Bucket("warehouse")
print([summary.key for summary in warehouse.objects.filter(Prefix="raw/day=")])
print(list(warehouse.Object("raw/day=2/readings.txt").metadata.values()))

# Delete, through both.
gone = s3.delete_objects(
    Bucket="landing",
    Delete={"Objects": [{"Key": "archive/0.txt"}, {"Key": "today/0.txt"}]},
)
print(sorted(deleted["Key"] for deleted in gone["Deleted"]))
warehouse.objects.filter(Prefix="raw/day=0/").delete()
print([summary.key for summary in warehouse.objects.all()])
