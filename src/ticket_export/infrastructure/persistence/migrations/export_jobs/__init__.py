"""The history of ``ExportJobs``, the one table that a host gets."""
