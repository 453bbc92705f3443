"""The project of the tests itself works."""

from tests.django.project import DeskProject

_EXPORT = """
from django.contrib.auth.models import Group, User
from django.db import transaction
from tests.django.desk.models import Ticket
from ticket_export.django import exports_container
ada = User.objects.create_superuser("ada")
team = Group.objects.create(name="network")
Ticket.objects.create(title="Wi-Fi", team=team)
container = exports_container()
actor = container.user_directory().actor_of(ada)
with transaction.atomic():
    job = container.request_export()(actor, {"columns": ["title", "state"]})
container.worker().drain()
with container.open_download()(actor, job.id).open() as file:
    print(file.read().decode("utf-8-sig"))
"""


def test_an_export_of_a_model_has_its_rows(project: DeskProject) -> None:
    project.manage("migrate", "--verbosity=0")
    assert project.run(_EXPORT).stdout.split() == ["Subject,State", "Wi-Fi,Open"]
