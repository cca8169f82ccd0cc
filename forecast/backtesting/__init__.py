"""The machinery of a backtest: plan, folds, groups of origins, workers, table, Parquet file."""
