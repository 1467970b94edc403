"""A web service: it writes what a path names, and reads it again, with one client a process."""

import os

import boto3

s3 = boto3.client("s3")
print([bucket["Name"] for bucket in s3.list_buckets()["Buckets"]])  # leaves a connection open


def answer(path):
    if path == "/ready":
        return b""
    bucket, key = path.lstrip("/").split("/", 1)
    s3.put_object(Bucket=bucket, Key=key, Body=path.encode())
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def wsgi(environ, start_response):
    body = answer(environ["PATH_INFO"])
    start_response("200 OK", [("Content-Length", str(len(body))), ("X-Worker", str(os.getpid()))])
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    body = answer(scope["path"])
    headers = [(b"content-length", b"%d" % len(body)), (b"x-worker", b"%d" % os.getpid())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
