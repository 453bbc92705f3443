"""The contract of `TicketSource`, in parts."""
