"""One file a command, each a function whose signature is the command's options."""
