"""The history of what a host gets: ``ExportJobs`` and the table of the audit log."""
