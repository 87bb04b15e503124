"""The rooms of the page: boxes, buttons and the events behind them, one file a room. They decide nothing."""
