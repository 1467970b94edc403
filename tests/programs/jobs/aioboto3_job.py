"""aioboto3: transfers that it adds to clients, and its resources."""

import asyncio
import io
from pathlib import Path

import aioboto3

BIG = bytes(range(256)) * 4096 * 17  # of more than one part


async def clients(session: aioboto3.Session) -> None:
    async with session.client("s3") as s3:
        for bucket, folder in (
            ("warehouse", "raw"), ("landing", "archive"), ("landing", "today")
        ):  # fmt: skip
            seen: list[int] = []
            await s3.upload_fileobj(io.BytesIO(BIG), bucket, f"{folder}/big", Callback=seen.append)
            back = io.BytesIO()
            await s3.download_fileobj(bucket, f"{folder}/big", back)
            print(bucket, folder, sum(seen) == len(BIG), back.getvalue() == BIG)
            Path("small").write_text(folder)
            await s3.upload_file("small", bucket, f"{folder}/small")
            await s3.download_file(bucket, f"{folder}/small", "again")
            print(Path("again").read_text())
        await s3.copy({"Bucket": "landing", "Key": "today/small"}, "warehouse", "copied/small")
        await s3.copy({"Bucket": "warehouse", "Key": "raw/big"}, "landing", "today/big2")
        await s3.copy({"Bucket": "landing", "Key": "today/big"}, "landing", "archive/big2")
        for key in ("today/big2", "archive/big2"):
            print((await s3.head_object(Bucket="landing", Key=key))["ContentLength"])


async def resources(session: aioboto3.Session) -> None:
    async with session.resource("s3") as s3:
        landing = await s3.Bucket("landing")
        print([found.key async for found in landing.objects.all()])
        print([found.key async for found in landing.objects.filter(Prefix="archive/")])
        thing = await s3.Object("warehouse", "copied/small")
        print(thing.bucket_name, thing.key, await (await thing.get())["Body"].read())
        await thing.put(Body=b"again")
        print(await thing.content_length)
        await landing.upload_fileobj(io.BytesIO(b"of a resource"), "archive/resource")
        await (await s3.Object("landing", "archive/resource")).delete()
        await landing.objects.filter(Prefix="today/").delete()
        print([found.key async for found in landing.objects.all()])


async def main() -> None:
    session = aioboto3.Session()
    await clients(session)
    await resources(session)


asyncio.run(main())
