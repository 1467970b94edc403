"""What becomes otherwise of s3fs's tests with a routed filesystem than with s3fs's own, and why."""

_SESSION = (
    "it asks for the very session that it gave; a routed filesystem keeps one that stands before "
    "it, so that no client is made by it that does not route"
)
DIFFERENCES = {
    "s3fs/tests/test_s3fs.py::test_user_session_is_preserved": ("passed", "failed", _SESSION),
    "s3fs/tests/test_s3fs.py::test_set_session_preserves_injected_session": (
        "passed",
        "failed",
        _SESSION,
    ),
}
"""By test: what becomes of it with s3fs's own filesystem, with a routed one, and the reason."""
