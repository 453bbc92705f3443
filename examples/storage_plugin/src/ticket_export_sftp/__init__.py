"""Keeps the files of ticket-export on an SFTP server; ``TICKET_EXPORT_STORAGE_URL=sftp://…`` finds it."""

from ticket_export_sftp.storage import SftpStorage

__all__ = ["SftpStorage"]
