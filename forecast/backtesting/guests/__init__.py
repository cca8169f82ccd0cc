"""Objects from outside in a backtest: anything with `fit(df)` and `predict(horizon)`."""
