"""What every room stands on: errors, types, time, ids, names, vocabularies, settings."""
