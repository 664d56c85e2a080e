"""The first tables."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Appointments."""

    initial = True
    dependencies = ()
    operations = (
        migrations.CreateModel(
            name="Appointment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("patient", models.CharField(max_length=120)),
                ("email", models.EmailField(max_length=254)),
                ("at", models.DateTimeField(unique=True)),
                ("reminded", models.BooleanField(default=False)),
            ],
        ),
    )
