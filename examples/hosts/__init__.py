"""The workbench in every host it mounts in, each with the login that people use there. One file is one host."""
