"""Suites that also run over `botwo.aio.client`, with `-m aio`; and what of them cannot."""

from __future__ import annotations

_TRANSFERS = "aiobotocore has no transfers; for aioboto3's see tests/aio/test_aioboto3.py"
_CLASS = "what blocks is of another class; for the client's see tests/aio/test_aio_client.py"

# By suite, patterns of the names of the tests that cannot, and why not.
SUITES: dict[str, dict[str, str]] = {
    "laws/test_caller_cannot_tell": {},
    "laws/test_spanning": {"*three_stores*": "two stores tell as much of an event loop"},
    "test_buckets": {},
    "test_client": {
        "test_it_is_a_botocore_client*": _CLASS,
        "test_everything_a_plain_client_has_is_there*": _CLASS,
        "test_every_method_has_its_signature_and_docstring*": _CLASS,
        "test_help_tells_what_it_tells_of_a_plain_client*": _CLASS,
        "test_meta_is_the_default_clients*": _CLASS,
        "test_exceptions_are_the_default_clients*": _CLASS,
        "test_close_closes_*": _CLASS,
        "test_a_copy_routes_alike*": _CLASS,
    },
    "test_copied_parts": {},
    "test_copies": {
        "test_a_transfer_*": _TRANSFERS,
        "test_resources_copy_between_stores*": _TRANSFERS,
    },
    "test_copy_requests": {"test_a_transfer*": _TRANSFERS},
    "test_deleting": {},
    "test_errors": {},
    "test_events": {
        "test_context_ends_with_its_call*": "what blocks is over other clients of the stores",
        "test_the_journal_stays_short_over_many_transfers*": _TRANSFERS,
    },
    "test_kills": {"*_copy]": _TRANSFERS},
    "test_presigned": {},
    "test_spanning": {},
    "test_stubber": {},
}
