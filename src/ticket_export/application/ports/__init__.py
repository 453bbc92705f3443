"""The ports: what the use cases need from outside, one role a file, in domain types and bytes."""
