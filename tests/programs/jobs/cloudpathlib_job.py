"""cloudpathlib: paths that are written, read, listed, walked, copied, moved and removed."""

import urllib.request
from pathlib import Path

from cloudpathlib import CloudPath, S3Path

for root in ("s3://warehouse/raw/", "s3://landing/archive/", "s3://landing/today/"):
    folder = CloudPath(root)
    (folder / "a.txt").write_text(f"in {root}")
    (folder / "sub" / "b.txt").write_bytes(b"\x00\x01\x02")
    print(root, (folder / "a.txt").read_text(), (folder / "sub" / "b.txt").read_bytes())
    print(sorted(str(path) for path in folder.iterdir()))
    print(sorted(str(path) for path in folder.glob("**/*.txt")))
    print((folder / "a.txt").exists(), (folder / "no.txt").exists(), (folder / "sub").is_dir())

a = S3Path("s3://warehouse/raw/a.txt")
print(a.bucket, a.key, a.stat().st_size, a.etag)
with a.open("a") as out:
    out.write(" and more")
print(a.read_text())
print(urllib.request.urlopen(a.as_url(presign=True)).read())

copied = a.copy(S3Path("s3://landing/archive/copied.txt"))
print(copied, copied.read_text())
renamed = copied.rename(S3Path("s3://warehouse/raw/renamed.txt"))
print(renamed, renamed.read_text(), copied.exists())
renamed.unlink()
print(renamed.exists())

Path("local.txt").write_text("from this machine")
S3Path("s3://warehouse/raw/up.txt").upload_from("local.txt")
S3Path("s3://warehouse/raw/up.txt").download_to("down.txt")
print(Path("down.txt").read_text())

S3Path("s3://landing/today/").rmtree()
print(sorted(str(path) for path in S3Path("s3://landing/").rglob("*")))
print(sorted(str(path) for path in S3Path("s3://warehouse/").rglob("*")))
