"""``python -m botwo`` is the `botwo` command."""

from botwo._cli import main

if __name__ == "__main__":
    main()
