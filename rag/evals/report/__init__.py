"""A report of runs as one file: a page that needs nothing else, Markdown for a pull request, JUnit XML for a build."""
