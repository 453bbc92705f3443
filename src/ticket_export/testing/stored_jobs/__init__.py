"""The parts of the contract of `UnitOfWork`."""
