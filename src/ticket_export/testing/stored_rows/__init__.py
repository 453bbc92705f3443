"""Parts of `UnitOfWorkContract`."""
