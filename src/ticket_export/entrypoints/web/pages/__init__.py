"""The pages: *New export*, *My exports*, *Status*, and errors."""
