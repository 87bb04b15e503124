"""How the page is drawn: values in, HTML out. The boxes and buttons are in page/rooms/, one file a room."""
