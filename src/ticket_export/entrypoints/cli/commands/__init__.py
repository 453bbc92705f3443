"""One module a command. Each holds a function of the module's name; its signature is the command's options."""
