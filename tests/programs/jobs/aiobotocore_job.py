"""aiobotocore: what a program of its own does, many calls at a time."""

import asyncio

from aiobotocore.session import get_session

NAMES = [
    (bucket, f"{folder}/{number}.txt")
    for bucket, folder in (("warehouse", "raw"), ("landing", "archive"), ("landing", "today"))
    for number in range(4)
]


async def main() -> None:
    async with get_session().create_client("s3") as s3:
        await asyncio.gather(
            *(s3.put_object(Bucket=b, Key=k, Body=f"{b} {k}".encode()) for b, k in NAMES)
        )
        for answer in await asyncio.gather(*(s3.get_object(Bucket=b, Key=k) for b, k in NAMES)):
            async with answer["Body"] as body:
                print(answer["ContentLength"], await body.read())

        async for page in s3.get_paginator("list_objects_v2").paginate(
            Bucket="landing", PaginationConfig={"PageSize": 3}
        ):
            print(page["Name"], page["KeyCount"], [found["Key"] for found in page["Contents"]])
        answer = await s3.list_objects_v2(Bucket="landing", Delimiter="/")
        print([found["Prefix"] for found in answer["CommonPrefixes"]])

        # From the one bucket to the other, and in parts.
        await s3.copy_object(
            Bucket="warehouse", Key="copied/0.txt", CopySource="landing/today/0.txt"
        )
        names = {"Bucket": "landing", "Key": "archive/parts.bin"}
        upload = await s3.create_multipart_upload(**names)
        parts = []
        for number, size in ((1, 5 * 2**20), (2, 7)):
            part = {"UploadId": upload["UploadId"], "PartNumber": number}
            sent = await s3.upload_part(**names, **part, Body=b"x" * size)
            parts.append({"PartNumber": number, "ETag": sent["ETag"]})
        done = await s3.complete_multipart_upload(
            **names, UploadId=upload["UploadId"], MultipartUpload={"Parts": parts}
        )
        print(done["Bucket"], done["Key"])
        print((await s3.head_object(**names))["ContentLength"])
        await s3.get_waiter("object_exists").wait(Bucket="warehouse", Key="copied/0.txt")

        try:
            await s3.get_object(Bucket="landing", Key="archive/no-such-key")
        except s3.exceptions.NoSuchKey as error:
            print(type(error).__name__, error.response["Error"]["Code"], error.operation_name)
        objects = [{"Key": key} for bucket, key in NAMES if bucket == "landing"]
        deleted = await s3.delete_objects(Bucket="landing", Delete={"Objects": objects[::2]})
        print(sorted(found["Key"] for found in deleted["Deleted"]))
        answer = await s3.list_objects(Bucket="landing")
        print([found["Key"] for found in answer["Contents"]])


asyncio.run(main())
