"""The history of the library's own tables: ``ExportJobs`` and ``ExportAuditEntries``."""
