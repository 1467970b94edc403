"""The folder that `botwo run` puts first on the path of the Python programs it starts."""
