"""What each format costs."""
