"""The help desk of ``ticket-export demo --web``: a host on Flask, as small as a host can be. It needs ``[flask]``."""
