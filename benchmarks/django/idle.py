"""Import the models, connect and end: python -m benchmarks.django.idle."""

from __future__ import annotations

import django


def main() -> None:
    django.setup()
    from benchmarks.django.models import Ticket

    Ticket.objects.first()


if __name__ == "__main__":
    main()
