"""The application for Django: models, migrations, commands, admin, and the container of a host on Django."""
