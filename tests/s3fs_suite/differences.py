"""What becomes otherwise of s3fs's tests where a filesystem is routed, and why."""

_REASON = (
    "it asks for the very session that it gave; botwo's filesystem has one stand before it, and so "
    "makes no client that does not route"
)
_SESSION = ("passed", "failed", _REASON)
DIFFERENCES = {
    "routed": {
        "s3fs/tests/test_s3fs.py::test_user_session_is_preserved": _SESSION,
        "s3fs/tests/test_s3fs.py::test_set_session_preserves_injected_session": _SESSION,
    },
    "installed": {},
}
"""By way and test: what becomes of it with s3fs's own filesystem, what that way, and the reason."""
