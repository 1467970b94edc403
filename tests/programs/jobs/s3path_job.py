"""s3path: paths that are written, read, listed, globbed, renamed and removed."""

import urllib.request

from s3path import PureS3Path, S3Path

print([str(bucket) for bucket in S3Path("/").iterdir()])

for root in ("/warehouse/raw/", "/landing/archive/", "/landing/today/"):
    folder = S3Path(root)
    (folder / "a.txt").write_text(f"in {root}")
    (folder / "sub" / "b.txt").write_bytes(b"\x00\x01\x02")
    print(root, (folder / "a.txt").read_text(), (folder / "sub" / "b.txt").read_bytes())
    print(sorted(str(path) for path in folder.iterdir()))
    print(sorted(str(path) for path in folder.glob("**/*.txt")))
    print((folder / "a.txt").exists(), (folder / "no.txt").exists(), (folder / "sub").is_dir())

a = S3Path("/warehouse/raw/a.txt")
print(a.bucket, a.key, a.stat().size, PureS3Path.from_uri(a.as_uri()))
with a.open("w") as out:
    out.writelines(f"line {number}\n" for number in range(3))
with a.open() as lines:
    print(list(lines))
print(urllib.request.urlopen(a.get_presigned_url()).read())

moved = a.replace(S3Path("/landing/archive/moved.txt"))
print(moved, moved.read_text(), a.exists())
moved.rename(S3Path("/warehouse/raw/renamed.txt"))
print(sorted(str(path) for path in S3Path("/landing").rglob("*.txt")))
print(sorted(str(path) for path in S3Path("/warehouse").rglob("*.txt")))

S3Path("/landing/today/sub/b.txt").unlink()
print(S3Path("/landing/today/sub/b.txt").exists())
S3Path("/landing/archive/").rmdir()
print(sorted(str(path) for path in S3Path("/landing").rglob("*")))
try:
    S3Path("/warehouse/raw/no-such-key").read_text()
except OSError as error:
    print(type(error).__name__)  # the message is the store's
