"""The platform trading: market data in through an API, bars and analytics out. A module has the name of its template."""
