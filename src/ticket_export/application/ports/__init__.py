"""What the use-cases need from the outside, one role a file. They speak domain types and bytes."""
