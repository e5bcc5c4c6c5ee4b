"""The platform trading: market data in through an API, bars and analytics out. A file is called as its template."""
