"""Landing: the change log becomes an immutable Parquet lake with a hash-chained manifest."""
