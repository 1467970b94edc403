"""What a Python that `botwo run` started imports first: see to it that S3 clients become routed.

Nothing may go wrong here: Python prints an exception of a sitecustomize and runs on, with the
program's data in the wrong place. An error of the config file is raised at the first S3 client.
"""

import botwo_startup  # type: ignore[import-not-found] # its folder is on the path then

botwo_startup.begin()
botwo_startup.import_hidden()
