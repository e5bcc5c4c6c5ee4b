"""Takes batches of market data over REST, validates each record and stores the accepted ones."""
