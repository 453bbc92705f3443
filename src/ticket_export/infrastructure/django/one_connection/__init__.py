"""Everything on the one connection of Django, for the tests of hosts alone: a real export needs several."""
