"""One file a use-case, each a class that is called like a function; the actor comes first."""
