"""Writers that end in every way: whatever happens to them, no half file is readable, and files and rows agree."""
