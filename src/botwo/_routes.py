"""One rule, and what it says of one bucket's names: the client and both sides' names."""

from __future__ import annotations

import msgspec

from botwo._patterns import is_exact, matches

BUCKET_PLACEHOLDER = "{bucket}"


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of a mapping, as the caller wrote it.

    Attributes:
        bucket_name: The bucket: exact, or with ``*``, ``?``, ``[…]``.
        client: The name of the client that serves it.
        mapped_bucket_name: The bucket at the store; may contain ``{bucket}``. None: the same name.
        key_prefix: Put in front of every key at the store; may contain ``{bucket}``.
        source_prefix: The rule holds only for keys that start with this.
        strip_source_prefix: Take ``source_prefix`` off before ``key_prefix`` is put on.
    """

    bucket_name: str
    client: str
    mapped_bucket_name: str | None = None
    key_prefix: str = ""
    source_prefix: str = ""
    strip_source_prefix: bool = False

    def mapped_bucket(self, bucket: str) -> str:
        """Give the store's name for a bucket that this rule claims."""
        return _fill(self.mapped_bucket_name or BUCKET_PLACEHOLDER, bucket)

    def mapped_prefix(self, bucket: str) -> str:
        """Give what keys start with at the store, of a bucket that this rule claims."""
        return _fill(self.key_prefix, bucket)

    def unmapped_bucket(self, mapped_bucket: str) -> str | None:
        """Give the caller's name for a store's bucket, None where this rule maps none to it."""
        if is_exact(self.bucket_name):
            same = self.mapped_bucket(self.bucket_name) == mapped_bucket
            return self.bucket_name if same else None
        start, placeholder, end = (self.mapped_bucket_name or BUCKET_PLACEHOLDER).partition(
            BUCKET_PLACEHOLDER
        )
        if not placeholder or len(mapped_bucket) <= len(start) + len(end):
            return None
        bucket = mapped_bucket[len(start) : len(mapped_bucket) - len(end)]
        fits = self.mapped_bucket(bucket) == mapped_bucket and matches(self.bucket_name, bucket)
        return bucket if fits else None

    def folded_bucket(self, mapped_key: str) -> str | None:
        """Give the caller's bucket that a key of the one mapped bucket belongs to."""
        start, _, end = self.key_prefix.partition(BUCKET_PLACEHOLDER)
        part = mapped_key.removeprefix(start).partition("/")[0]
        bucket = part.removesuffix(end.partition("/")[0])
        fits = mapped_key.startswith(_fill(self.key_prefix, bucket))
        return bucket if bucket and fits and matches(self.bucket_name, bucket) else None

    @property
    def changes_names(self) -> bool:
        """Whether any name that the rule claims could be another one at the store."""
        stripped = self.source_prefix if self.strip_source_prefix else ""
        same = (None, BUCKET_PLACEHOLDER, self.bucket_name if is_exact(self.bucket_name) else None)
        return self.mapped_bucket_name not in same or self.key_prefix != stripped

    @property
    def folds(self) -> bool:
        """Whether the rule puts many buckets into one."""
        name = self.mapped_bucket_name
        return (
            name is not None and BUCKET_PLACEHOLDER not in name and not is_exact(self.bucket_name)
        )


def _fill(template: str, bucket: str) -> str:
    return template.replace(BUCKET_PLACEHOLDER, bucket)


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """What the mapping says of one bucket's names under one rule: the client and both sides' names.

    Example:
        >>> rule = Rule(bucket_name="old", client="lakefs", mapped_bucket_name="repo",
        ...             key_prefix="main/")
        >>> route = Route.of(rule, place=0, bucket="old")
        >>> route.mapped_bucket, route.mapped_key("a/b.csv"), route.key("main/a/b.csv")
        ('repo', 'main/a/b.csv', 'a/b.csv')
    """

    place: int
    """The rule's position in the mapping."""
    rule: Rule
    client: str
    bucket: str
    mapped_bucket: str
    key_prefix: str
    """What mapped keys start with."""
    stripped: str
    """What is taken off the caller's keys first: the source prefix, or nothing."""
    moves_bucket: bool
    moves_keys: bool

    @classmethod
    def of(cls, rule: Rule, *, place: int, bucket: str) -> Route:
        """Make the route of a bucket that the rule claims."""
        mapped_bucket = rule.mapped_bucket(bucket)
        key_prefix = rule.mapped_prefix(bucket)
        stripped = rule.source_prefix if rule.strip_source_prefix else ""
        return cls(
            place=place,
            rule=rule,
            client=rule.client,
            bucket=bucket,
            mapped_bucket=mapped_bucket,
            key_prefix=key_prefix,
            stripped=stripped,
            moves_bucket=mapped_bucket != bucket,
            moves_keys=key_prefix != stripped,
        )

    def mapped_key(self, key: str) -> str:
        """Give the store's name of a key of this route."""
        return self.key_prefix + key[len(self.stripped) :]

    def key(self, mapped_key: str) -> str:
        """Give the caller's name of a key at the store.

        Raises:
            ValueError: The key does not lie under the route's key prefix.
        """
        if not mapped_key.startswith(self.key_prefix):
            raise ValueError(mapped_key)
        return self.stripped + mapped_key[len(self.key_prefix) :]

    def __str__(self) -> str:
        """Say the route in one phrase: client, mapped bucket and prefix, rule."""
        return f"{self.client}:{self.mapped_bucket}/{self.key_prefix} (mapping[{self.place}])"
