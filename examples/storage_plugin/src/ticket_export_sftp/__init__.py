"""Keeps the files of ticket-export on an SFTP server; ``TICKET_EXPORT_STORAGE_URL=sftp://…`` finds it."""
